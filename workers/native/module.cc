// The module _native: errors, Cancel and checksums here; tables and lookups in table_module.cc and lookup_module.cc.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>

#include <cmath>
#include <optional>

#include "crc32c.h"
#include "python.h"

namespace {

using namespace dnstide;

void raise_named(const char* name, const char* text) {
    const nb::object type = nb::module_::import_("dnstide.mtbl.errors").attr(name);
    PyErr_SetString(type.ptr(), text);
}

void translate(const std::exception_ptr& p, void*) {
    try {
        std::rethrow_exception(p);
    } catch (const TableError& e) {
        const nb::object instance = error_object(e);
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(instance.ptr())), instance.ptr());
    } catch (const Cancelled&) {
        raise_named("Cancelled", "cancelled");
    } catch (const DeadlineExceeded&) {
        raise_named("DeadlineExceeded", "the time allowed ran out");
    } catch (const CountOverflow&) {
        raise_named("CountOverflow", "a sum of counts passed 2**64 - 1");
    }
}

void make_cancel(Cancel* self, std::optional<double> seconds) {
    // The clock cannot represent a deadline much further away than this.
    constexpr double max_seconds = 1e9;
    if (!seconds || *seconds > max_seconds) {
        new (self) Cancel();
        return;
    }
    if (std::isnan(*seconds)) throw nb::value_error("seconds is not a number");
    const auto wait = std::chrono::duration<double>(std::max(*seconds, 0.0));
    new (self) Cancel(Cancel::Clock::now() + std::chrono::duration_cast<Cancel::Clock::duration>(wait));
}

}  // namespace

NB_MODULE(_native, m) {
    // What lives until the interpreter ends is freed by its end; users need not read of it.
    nb::set_leak_warnings(false);
    m.doc() = "MTBL tables, dnstable keys and lookups";
    m.attr("__version__") = DNSTIDE_VERSION;
    nb::register_exception_translator(translate);

    nb::class_<Cancel>(m, "Cancel", "A request to stop, looked at between blocks; `seconds` from now is the deadline.")
        .def("__init__", make_cancel, nb::arg("seconds") = nb::none(),
             nb::sig("def __init__(self, seconds: float | None = None) -> None"))
        .def("cancel", &Cancel::cancel, nb::sig("def cancel(self) -> None"))
        .def("check", &Cancel::check, nb::sig("def check(self) -> None"),
             "Raises Cancelled or DeadlineExceeded where the work is to stop.")
        .def_prop_ro("cancelled", &Cancel::cancelled, nb::sig("def cancelled(self) -> bool"));

    m.def("crc32c", [](const nb::bytes& data) { return crc32c(bytes_of(data)); }, nb::arg("data"),
          nb::sig("def crc32c(data: bytes) -> int"));
    m.def("crc32c_portable", [](const nb::bytes& data) { return crc32c_portable(bytes_of(data)); }, nb::arg("data"),
          nb::sig("def crc32c_portable(data: bytes) -> int"));

    bind_table(m);
    bind_lookup(m);
}
