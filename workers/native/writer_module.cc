// The Python face of writer.h: converts arguments, releases the GIL, turns errors into exceptions.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <system_error>
#include <utility>

#include "writer.h"

namespace nb = nanobind;
using namespace dnstide;

namespace {

constexpr std::array<const char*, 6> kCompressions = {"none", "snappy", "zlib", "lz4", "lz4hc", "zstd"};

mtbl_compression_type compression_named(const std::string& name) {
    for (std::size_t i = 0; i < kCompressions.size(); ++i)
        if (name == kCompressions[i]) return static_cast<mtbl_compression_type>(i);
    throw BadInput("compression '" + name + "' is none of none, snappy, zlib, lz4, lz4hc, zstd");
}

std::string_view view(nb::handle object) {
    if (!PyBytes_Check(object.ptr())) throw nb::type_error("keys and values must be bytes");
    return {PyBytes_AS_STRING(object.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(object.ptr()))};
}

void add_many(TableWriter& writer, nb::list keys, nb::list values) {
    if (keys.size() != values.size()) throw BadInput("as many values as keys are needed");
    // Held by tuples of their own, so that they live on while the GIL is released, whatever others do to the lists.
    const nb::tuple held_keys(keys), held_values(values);
    std::vector<std::pair<std::string_view, std::string_view>> entries;
    entries.reserve(held_keys.size());
    for (std::size_t i = 0; i < held_keys.size(); ++i) entries.emplace_back(view(held_keys[i]), view(held_values[i]));
    nb::gil_scoped_release release;
    for (const auto& [key, value] : entries) writer.add(key, value);
}

void merge(const std::vector<std::string>& paths, TableWriter& out, nb::callable combine) {
    nb::gil_scoped_release release;
    merge_tables(paths, out, [&combine](std::string_view key, const std::vector<std::string>& values) {
        nb::gil_scoped_acquire acquire;
        nb::list list;
        for (const std::string& value : values) list.append(nb::bytes(value.data(), value.size()));
        const nb::object merged = combine(nb::bytes(key.data(), key.size()), list);
        return std::string(view(merged));
    });
}

}  // namespace

NB_MODULE(_writer, m) {
    // What lives until the interpreter ends is freed by its end; users need not read of it.
    nb::set_leak_warnings(false);
    m.doc() = "libmtbl's writer and merger, guarded";

    nb::register_exception_translator([](const std::exception_ptr& p, void*) {
        try {
            std::rethrow_exception(p);
        } catch (const BadInput& e) {
            PyErr_SetString(PyExc_ValueError, e.what());
        } catch (const std::system_error& e) {
            errno = e.code().value();
            PyErr_SetFromErrno(PyExc_OSError);
        }
    });

    nb::class_<TableWriter>(m, "Writer")
        .def(
            "__init__",
            [](TableWriter* self, int fd, const std::string& compression, std::size_t block_size,
               std::optional<int> level, std::size_t restart_interval) {
                new (self) TableWriter(fd, {compression_named(compression), level, block_size, restart_interval});
            },
            nb::arg("fd"), nb::kw_only(), nb::arg("compression") = "zlib", nb::arg("block_size") = 8192,
            nb::arg("level").none() = nb::none(), nb::arg("restart_interval") = 16)
        .def("add_many", &add_many, nb::arg("keys"), nb::arg("values"))
        .def("finish", &TableWriter::finish, nb::call_guard<nb::gil_scoped_release>())
        .def_prop_ro("entries", &TableWriter::entries);
    m.def("merge", &merge, nb::arg("paths"), nb::arg("out"), nb::arg("combine"));
}
