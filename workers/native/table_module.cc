// Binds Table, its iterator and open_tables.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <utility>
#include <vector>

#include "open.h"
#include "python.h"
#include "table_cursor.h"

namespace dnstide {
namespace {

// (key, value) in key order, half-open. Releases the GIL whenever it needs a block.
class Entries {
public:
    Entries(std::shared_ptr<const Table> table, const nb::bytes& start, std::optional<nb::bytes> stop)
        : table_(std::move(table)), start_(start.c_str(), start.size()) {
        if (stop) stop_ = std::string(stop->c_str(), stop->size());
    }

    nb::tuple next() {
        if (busy_) throw nb::value_error("entries are being read by another thread");
        if (!table_) throw nb::stop_iteration();
        if (!(started_ && cursor_.next())) load();
        if (table_ && stop_ && compare(cursor_.key(), bytes_of(*stop_)) >= 0) table_.reset();
        if (!table_) throw nb::stop_iteration();
        return nb::make_tuple(to_python(cursor_.key()), to_python(cursor_.value()));
    }

private:
    void load() {
        busy_ = true;
        TableCursor::At at = TableCursor::At::end;
        const auto done = [this](void*) { busy_ = false; };
        const std::unique_ptr<void, decltype(done)> guard(this, done);
        nb::gil_scoped_release release;
        if (started_) {
            at = cursor_.next_block();
        } else {
            cursor_.attach(*table_);
            at = cursor_.seek(bytes_of(start_));
            started_ = true;
        }
        if (at == TableCursor::At::end) table_.reset();
    }

    std::shared_ptr<const Table> table_;
    std::string start_;
    std::optional<std::string> stop_;
    TableCursor cursor_;
    bool started_ = false;
    bool busy_ = false;
};

std::optional<nb::bytes> get(const TableHandle& self, const nb::bytes& key) {
    const std::shared_ptr<const Table> table = self.table();
    thread_local TableCursor cursor;
    bool present;
    {
        nb::gil_scoped_release release;
        cursor.trim();
        cursor.attach(*table);
        present = cursor.seek(bytes_of(key)) == TableCursor::At::entry && compare(cursor.key(), bytes_of(key)) == 0;
    }
    if (!present) return std::nullopt;
    return to_python(cursor.value());
}

nb::list open_many(const nb::object& paths, unsigned threads) {
    if (threads == 0) throw nb::value_error("threads must be at least 1");
    std::vector<std::string> names;
    for (const nb::handle path : paths) names.push_back(path_bytes(path));
    std::vector<OpenOutcome> outcomes;
    {
        nb::gil_scoped_release release;
        outcomes = open_tables(std::move(names), threads);
    }
    nb::list out;
    for (OpenOutcome& outcome : outcomes) {
        if (outcome.table) {
            out.append(nb::cast(TableHandle(std::move(outcome.table))));
        } else {
            out.append(error_object(*outcome.error));
        }
    }
    return out;
}

}  // namespace

void bind_table(nb::module_& m) {
    nb::class_<Entries>(m, "Entries", "Iterates over a table's (key, value) pairs.")
        .def("__iter__", [](nb::handle self) { return nb::borrow(self); }, nb::sig("def __iter__(self) -> Entries"))
        .def("__next__", &Entries::next, nb::sig("def __next__(self) -> tuple[bytes, bytes]"));

    nb::class_<TableHandle>(m, "Table", R"(One MTBL file, open for reading; trailer and index are checked at once.

Sizes are in bytes, `mtime_ns` and `ctime_ns` in nanoseconds since 1970. Raises TableError. Safe to use from many threads.)")
        .def(
            "__init__",
            [](TableHandle* self, const nb::object& path) {
                std::string name = path_bytes(path);
                std::shared_ptr<const Table> table;
                {
                    nb::gil_scoped_release release;
                    table = std::make_shared<const Table>(File(std::move(name)));
                }
                new (self) TableHandle(std::move(table));
            },
            nb::arg("path"), nb::sig("def __init__(self, path: str | os.PathLike[str]) -> None"))
        .def_prop_ro("path", [](const TableHandle& t) { return path_object(t.path); }, nb::sig("def path(self) -> str"))
        .def_prop_ro("size", [](const TableHandle& t) { return t.size; }, nb::sig("def size(self) -> int"))
        .def_prop_ro("mtime_ns", [](const TableHandle& t) { return t.mtime_ns; }, nb::sig("def mtime_ns(self) -> int"))
        .def_prop_ro("inode", [](const TableHandle& t) { return t.inode; }, nb::sig("def inode(self) -> int"))
        .def_prop_ro("ctime_ns", [](const TableHandle& t) { return t.ctime_ns; }, nb::sig("def ctime_ns(self) -> int"))
        .def_prop_ro("identity",
                     [](const TableHandle& t) { return nb::make_tuple(t.inode, t.size, t.mtime_ns, t.ctime_ns); },
                     nb::sig("def identity(self) -> tuple[int, int, int, int]"),
                     "Inode, size, mtime_ns and ctime_ns: they tell the file from a later one at its path, and from\n"
                     "one that was written over it with its size and modification time kept.")
        .def_prop_ro("stamp", [](const TableHandle& t) { return t.stamp; }, nb::sig("def stamp(self) -> int"),
                     "64 bits made of the identity.")
        .def("digest",
             [](const TableHandle& t) {
                 const std::shared_ptr<const Table> table = t.table();
                 nb::gil_scoped_release release;
                 return table->digest();
             },
             nb::sig("def digest(self) -> int"),
             "64 bits over the trailer, the index and the checksums of all blocks: of equal tables it is equal.\n\n"
             "Reads a few bytes of every block. Raises TableError.")
        .def("changed",
             [](const TableHandle& t) {
                 const std::shared_ptr<const Table> table = t.table();
                 nb::gil_scoped_release release;
                 return table->file().changed();
             },
             nb::sig("def changed(self) -> bool"),
             "Whether the file was written to, or its inode changed, since it was opened.")
        .def_prop_ro("version", [](const TableHandle& t) { return t.trailer.version; },
                     nb::sig("def version(self) -> int"))
        .def_prop_ro("compression",
                     [](const TableHandle& t) {
                         return compression_name(static_cast<Compression>(t.trailer.compression));
                     },
                     nb::sig("def compression(self) -> str"))
        .def_prop_ro("block_size", [](const TableHandle& t) { return t.trailer.block_size; },
                     nb::sig("def block_size(self) -> int"))
        .def_prop_ro("entries_count", [](const TableHandle& t) { return t.trailer.entries; },
                     nb::sig("def entries_count(self) -> int"))
        .def_prop_ro("blocks", [](const TableHandle& t) { return t.trailer.blocks; }, nb::sig("def blocks(self) -> int"))
        .def_prop_ro("bytes_data", [](const TableHandle& t) { return t.trailer.bytes_data; },
                     nb::sig("def bytes_data(self) -> int"))
        .def_prop_ro("bytes_index", [](const TableHandle& t) { return t.trailer.bytes_index; },
                     nb::sig("def bytes_index(self) -> int"))
        .def_prop_ro("bytes_keys", [](const TableHandle& t) { return t.trailer.bytes_keys; },
                     nb::sig("def bytes_keys(self) -> int"))
        .def_prop_ro("bytes_values", [](const TableHandle& t) { return t.trailer.bytes_values; },
                     nb::sig("def bytes_values(self) -> int"))
        .def("get", get, nb::arg("key"), nb::sig("def get(self, key: bytes) -> bytes | None"))
        .def(
            "entries",
            [](const TableHandle& t, const nb::bytes& start, std::optional<nb::bytes> stop) {
                return std::make_unique<Entries>(t.table(), start, std::move(stop));
            },
            nb::arg("start") = nb::bytes("", 0), nb::arg("stop") = nb::none(),
            nb::sig("def entries(self, start: bytes = b'', stop: bytes | None = None) -> Entries"))
        .def("close", &TableHandle::close, nb::sig("def close(self) -> None"))
        .def("__enter__", [](nb::handle self) { return nb::borrow(self); }, nb::sig("def __enter__(self) -> Table"))
        .def("__exit__", [](TableHandle& t, nb::args) { t.close(); }, nb::sig("def __exit__(self, *args: object) -> None"))
        .def("__repr__", [](const TableHandle& t) {
            return nb::str("Table({!r})").format(path_object(t.path));
        }, nb::sig("def __repr__(self) -> str"));

    m.def("open_tables", open_many, nb::arg("paths"), nb::arg("threads") = 1,
          nb::sig("def open_tables(paths: Iterable[str | os.PathLike[str]], threads: int = 1) -> list[Table | TableError]"),
          R"(Opens tables in one batch, so that a cold disk reads all of their ends at once.

What cannot be opened stands in its place as a TableError; none is raised.)");
}

}  // namespace dnstide
