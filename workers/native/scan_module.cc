// The Python face of scan.h, sums.h and psl.h: converts arguments, releases the GIL, hands arrays back as bytes. Tables,
// cancels and the translation of errors are those of _native, which has to be imported first.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>

#include "psl.h"
#include "python.h"
#include "scan.h"
#include "sums.h"

namespace {

using namespace dnstide;

using Tables = std::vector<std::shared_ptr<const Table>>;

Tables tables_of(const nb::list& handles) {
    Tables tables;
    for (const nb::handle handle : handles) tables.push_back(nb::cast<const TableHandle&>(handle).table());
    return tables;
}

Grouping grouping_of(unsigned number) {
    if (number >= kGroupings) throw nb::value_error(("no such grouping: " + std::to_string(number)).c_str());
    return static_cast<Grouping>(number);
}

template <typename T>
nb::bytes packed(const std::vector<T>& values) {
    return nb::bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

nb::object python_int(unsigned __int128 n) {
    const nb::int_ high(static_cast<uint64_t>(n >> 64));
    return (nb::object(high) << nb::int_(64)) | nb::int_(static_cast<uint64_t>(n));
}

nb::tuple list_object(const TopList& list, const std::vector<TopList::Item>& items) {
    std::vector<int64_t> offsets{0};
    std::vector<uint64_t> counts;
    std::string blob;
    for (const TopList::Item& item : items) {
        const Bytes key = list.key_of(item);
        blob.append(reinterpret_cast<const char*>(key.data()), key.size());
        offsets.push_back(static_cast<int64_t>(blob.size()));
        counts.push_back(item.count);
    }
    return nb::make_tuple(nb::bytes(blob.data(), blob.size()), packed(offsets), packed(counts), list.floor(),
                          list.distinct(), python_int(list.total()), list.overflow);
}

nb::tuple result_object(ScanResult& result) {
    nb::list groups;
    for (std::vector<TopList>& of_group : result.lists) {
        nb::list classes;
        for (TopList& list : of_group) classes.append(list_object(list, list.finish()));
        groups.append(classes);
    }
    nb::dict types;
    for (const auto& [type, total] : result.types) {
        types[nb::int_(type)] = nb::make_tuple(total.rows, python_int(total.count));
    }
    const auto told = [](const Skipped& s) { return nb::make_tuple(s.rows, s.offset, s.reason); };
    return nb::make_tuple(groups, types, result.rows, result.blocks, told(result.rrsets), told(result.rdata));
}

nb::list scan_tables(const nb::list& handles, const std::vector<std::tuple<unsigned, unsigned, size_t, uint64_t>>& groups,
                     const nb::bytes& class_of, unsigned classes, bool all, const nb::list& ranges,
                     const nb::bytes& rdata_owners, std::shared_ptr<SuffixTrie> suffixes, unsigned threads,
                     std::optional<nb::object> cancel) {
    ScanPlan plan;
    plan.suffixes = std::move(suffixes);
    for (const auto& [by, depth, keep, min_count] : groups) {
        plan.groups.push_back({grouping_of(by), depth, keep, min_count});
        if (plan.groups.back().by == Grouping::domain && !plan.suffixes) throw nb::value_error("domains need a suffix list");
    }
    if (class_of.size() != plan.types.of.size()) throw nb::value_error("class_of needs one byte for each type");
    std::memcpy(plan.types.of.data(), class_of.c_str(), class_of.size());
    plan.types.classes = classes;
    plan.types.all = all;
    if (plan.types.lists() > kMaxClasses) throw nb::value_error("too many classes of types");
    for (const uint8_t cls : plan.types.of) {
        if (cls != TypeClasses::none && cls >= classes) throw nb::value_error("class_of names a class that there is not");
    }
    for (const nb::handle range : ranges) {
        const nb::object stop = range[1];
        plan.ranges.push_back({string_of(range[0]), stop.is_none() ? std::nullopt : std::optional(string_of(stop))});
    }
    plan.rdata_owners = string_of(rdata_owners);
    const Cancel* stop = cancel ? &nb::cast<const Cancel&>(*cancel) : nullptr;
    const Tables tables = tables_of(handles);
    std::vector<ScanOutcome> outcomes;
    {
        nb::gil_scoped_release release;
        outcomes = scan(tables, plan, threads, stop);
    }
    nb::list out;
    for (ScanOutcome& outcome : outcomes) {
        if (outcome.error) {
            out.append(error_object(*outcome.error));
        } else {
            out.append(result_object(*outcome.result));
        }
    }
    return out;
}

nb::list sum_tables(const nb::list& handles, unsigned by, const nb::list& keys, const nb::list& wanted,
                    std::optional<std::vector<uint16_t>> types, std::shared_ptr<SuffixTrie> suffixes, unsigned threads,
                    std::optional<nb::object> cancel) {
    SumPlan plan;
    plan.by = grouping_of(by);
    plan.suffixes = std::move(suffixes);
    if (plan.by == Grouping::domain && !plan.suffixes) throw nb::value_error("domains need a suffix list");
    for (const nb::handle key : keys) {
        plan.keys.push_back(string_of(key));
        const Bytes name = bytes_of(plan.keys.back());
        size_t at = 0;
        while (at < name.size() && name[at] != 0 && name[at] <= 63) at += 1 + size_t{name[at]};
        const bool fits = plan.by == Grouping::rdata ? name.size() >= 2 : at + 1 == name.size() && at < 255;
        if (!fits) throw nb::value_error("a key is not one of this grouping");
    }
    for (const nb::handle part : wanted) {
        const auto bytes = nb::cast<nb::bytes>(part);
        std::vector<uint32_t>& indices = plan.wanted.emplace_back(bytes.size() / sizeof(uint32_t));
        std::memcpy(indices.data(), bytes.c_str(), indices.size() * sizeof(uint32_t));
        for (const uint32_t i : indices) {
            if (i >= plan.keys.size()) throw nb::index_error("wanted names a key that there is not");
        }
    }
    if (plan.wanted.size() != handles.size()) throw nb::value_error("wanted needs one entry for each table");
    if (types) {
        plan.types.resize(65536);
        for (const uint16_t type : *types) plan.types[type] = true;
    }
    const Cancel* stop = cancel ? &nb::cast<const Cancel&>(*cancel) : nullptr;
    const Tables tables = tables_of(handles);
    std::vector<SumOutcome> outcomes;
    {
        nb::gil_scoped_release release;
        outcomes = sum_groups(tables, plan, threads, stop);
    }
    nb::list out;
    for (const SumOutcome& outcome : outcomes) {
        if (outcome.error) {
            out.append(error_object(*outcome.error));
        } else {
            out.append(packed(outcome.counts));
        }
    }
    return out;
}

}  // namespace

NB_MODULE(_scan, m) {
    // What lives until the interpreter ends is freed by its end; users need not read of it.
    nb::set_leak_warnings(false);
    m.doc() = "Scans that add rows up by group, and exact sums of single groups";
    nb::module_::import_("dnstide.mtbl._native");

    nb::class_<SuffixTrie>(m, "SuffixTrie", "A compiled public suffix list; ValueError where the bytes are none.")
        .def(
            "__init__",
            [](SuffixTrie* self, const nb::bytes& compiled) {
                try {
                    new (self) SuffixTrie(std::string(compiled.c_str(), compiled.size()));
                } catch (const std::invalid_argument& e) {
                    throw nb::value_error(e.what());
                }
            },
            nb::arg("compiled"), nb::sig("def __init__(self, compiled: bytes) -> None"));
    m.def("scan", scan_tables, nb::arg("tables"), nb::kw_only(), nb::arg("groups"), nb::arg("class_of"),
          nb::arg("classes"), nb::arg("all"), nb::arg("ranges"), nb::arg("rdata_owners"), nb::arg("suffixes").none(),
          nb::arg("threads"), nb::arg("cancel").none(),
          nb::sig("def scan(tables: list[Table], *, groups: Sequence[tuple[int, int, int, int]], class_of: bytes, "
                  "classes: int, all: bool, ranges: list[tuple[bytes, bytes | None]], rdata_owners: bytes, "
                  "suffixes: SuffixTrie | None, threads: int, cancel: Cancel | None) -> list[_Scan | TableError]"));
    m.def("sum_groups", sum_tables, nb::arg("tables"), nb::kw_only(), nb::arg("by"), nb::arg("keys"), nb::arg("wanted"),
          nb::arg("types").none(), nb::arg("suffixes").none(), nb::arg("threads"), nb::arg("cancel").none(),
          nb::sig("def sum_groups(tables: list[Table], *, by: int, keys: list[bytes], wanted: list[bytes], "
                  "types: list[int] | None, suffixes: SuffixTrie | None, threads: int, cancel: Cancel | None) -> "
                  "list[bytes | TableError]"));
}
