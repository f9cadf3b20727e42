// Shared by the binding files: conversions between Python and the reader, and its errors as Python exceptions.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <utility>

#include "cancel.h"
#include "error.h"
#include "row_filter.h"
#include "table.h"

namespace dnstide {

namespace nb = nanobind;

// A path is bytes to the system and str to Python; surrogateescape carries what is not UTF-8.
inline nb::object path_object(const std::string& path) {
    return nb::steal(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

inline std::string path_bytes(nb::handle path) {
    PyObject* encoded = nullptr;
    if (PyUnicode_FSConverter(path.ptr(), &encoded) == 0) throw nb::python_error();
    const nb::bytes owner = nb::steal<nb::bytes>(encoded);
    return {owner.c_str(), owner.size()};
}

// A copy that outlives the Python object.
inline std::string string_of(nb::handle object) {
    const auto bytes = nb::cast<nb::bytes>(object);
    return {bytes.c_str(), bytes.size()};
}

// A dnstide.mtbl.RowFilter.
inline RowFilter row_filter(nb::handle object) {
    RowFilter filter;
    for (const nb::handle rrtype : object.attr("rrtypes")) filter.rrtypes.push_back(nb::cast<uint16_t>(rrtype));
    const nb::object bailiwick = object.attr("bailiwick");
    if (!bailiwick.is_none()) filter.bailiwick = string_of(bailiwick);
    const nb::object owner_labels = object.attr("owner_labels");
    if (!owner_labels.is_none()) filter.owner_labels = nb::cast<uint32_t>(owner_labels);
    return filter;
}

// As bytes_of of a string: the view lives as long as the Python object.
inline Bytes bytes_of(const nb::bytes& bytes) {
    return {reinterpret_cast<const uint8_t*>(bytes.c_str()), bytes.size()};
}
inline nb::bytes to_python(Bytes bytes) { return nb::bytes(bytes.data(), bytes.size()); }

// The instance of dnstide.mtbl.errors that stands for it.
inline nb::object error_object(const TableError& e) {
    nb::object offset = nb::none();
    if (e.offset) offset = nb::int_(*e.offset);
    const nb::object reason = nb::steal(PyUnicode_DecodeUTF8(
        e.reason.data(), static_cast<Py_ssize_t>(e.reason.size()), "replace"));
    return nb::module_::import_("dnstide.mtbl.errors")
        .attr("error_from_code")(code_name(e.code), path_object(e.path), offset, reason);
}

// Python's handle of a table. The facts stay readable after close(); calls under way keep the table itself alive.
class TableHandle {
public:
    explicit TableHandle(std::shared_ptr<const Table> table) : table_(std::move(table)) {
        const File& file = table_->file();
        path = file.path();
        size = file.size();
        mtime_ns = file.mtime_ns();
        inode = file.inode();
        ctime_ns = file.ctime_ns();
        stamp = mixed(mixed(mixed(mixed(inode) ^ size) ^ static_cast<uint64_t>(mtime_ns)) ^ static_cast<uint64_t>(ctime_ns));
        trailer = table_->trailer();
    }
    const std::shared_ptr<const Table>& table() const {
        if (!table_) throw nb::value_error(("table is closed: " + path).c_str());
        return table_;
    }
    void close() { table_.reset(); }

    std::string path;
    uint64_t size;
    int64_t mtime_ns;
    uint64_t inode;
    int64_t ctime_ns;
    uint64_t stamp;
    Trailer trailer;

private:
    std::shared_ptr<const Table> table_;
};

void bind_table(nb::module_& m);
void bind_lookup(nb::module_& m);

}  // namespace dnstide
