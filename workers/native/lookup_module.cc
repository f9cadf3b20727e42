// Binds lookup and verify: converts queries and columns, and lets go of the GIL in between.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lookup.h"
#include "python.h"
#include "verify.h"

namespace dnstide {
namespace {

using Edges = nb::ndarray<const int64_t, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using TableBuckets = nb::ndarray<const int32_t, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Whether the labels are closed by a zero; nothing where they are not labels.
std::optional<bool> is_whole(const std::string& prefix) {
    if (prefix.empty() || prefix[0] != 0) return std::nullopt;
    size_t at = 1;
    while (at < prefix.size() && prefix[at] != 0) {
        if (static_cast<unsigned char>(prefix[at]) > 63) return std::nullopt;
        at += 1 + static_cast<size_t>(prefix[at]);
    }
    if (at == prefix.size()) return false;
    return at + 1 == prefix.size() ? std::optional(true) : std::nullopt;
}

Query query_of(nb::handle object) {
    Query query;
    query.prefix = string_of(object.attr("prefix"));
    const std::optional<bool> whole = is_whole(query.prefix);
    if (!whole || *whole == nb::cast<bool>(object.attr("wildcard"))) {
        throw nb::value_error("prefix is not 00 and a reversed owner name, closed by a zero unless it is a wildcard");
    }
    query.filter = row_filter(object.attr("filter"));
    return query;
}

Buckets buckets_of(const Edges& edges) {
    const std::vector<int64_t> copy(edges.data(), edges.data() + edges.size());
    if (copy.size() < 2 || copy.size() > INT32_MAX) throw nb::value_error("edges must be at least 2 times");
    if (std::ranges::adjacent_find(copy, std::greater_equal<>()) != copy.end()) {
        throw nb::value_error("edges must ascend");
    }
    return Buckets(copy);
}

template <class T, class Field>
nb::object column(const std::vector<Count>& counts, Field field) {
    auto values = std::make_unique<T[]>(counts.size());
    for (size_t i = 0; i < counts.size(); ++i) values[i] = static_cast<T>(counts[i].*field);
    const nb::capsule owner(values.get(), [](void* p) noexcept { delete[] static_cast<T*>(p); });
    nb::ndarray<nb::numpy, T, nb::ndim<1>> array(values.release(), {counts.size()}, owner);
    return array.cast();
}

nb::tuple look_up(const nb::sequence& tables, const nb::sequence& queries, const Edges& edges,
                  std::optional<TableBuckets> table_buckets, bool split_by_rrtype, unsigned threads,
                  const Cancel* cancel, BlockCache* cache) {
    if (threads == 0) throw nb::value_error("threads must be at least 1");
    std::vector<std::shared_ptr<const Table>> opened;
    opened.reserve(nb::len(tables));
    for (const nb::handle table : tables) opened.push_back(nb::cast<const TableHandle&>(table).table());
    std::vector<Query> parsed;
    parsed.reserve(nb::len(queries));
    for (const nb::handle query : queries) parsed.push_back(query_of(query));
    const Buckets buckets = buckets_of(edges);
    std::vector<int32_t> fixed;
    if (table_buckets) {
        fixed.assign(table_buckets->data(), table_buckets->data() + table_buckets->size());
        if (fixed.size() != opened.size()) throw nb::value_error("table_buckets must have one bucket for each table");
        for (const int32_t bucket : fixed) {
            if (bucket < -1 || bucket >= static_cast<int64_t>(buckets.size())) {
                throw nb::value_error("table_buckets must be buckets of the edges, or -1");
            }
        }
    }
    LookupAnswer answer;
    {
        nb::gil_scoped_release release;
        answer = lookup({opened, parsed, buckets, fixed, split_by_rrtype, threads, cancel, cache});
    }
    nb::list skipped;
    for (const SkippedRows& s : answer.skipped) {
        skipped.append(nb::make_tuple(s.query, s.table, s.skipped.rows, s.skipped.offset, s.skipped.reason));
    }
    nb::list failures;
    for (const auto& [table, error] : answer.failures) failures.append(nb::make_tuple(table, error_object(error)));
    nb::object outside = nb::none();
    if (!answer.outside.empty()) outside = nb::make_tuple(answer.outside.earliest, answer.outside.latest);
    return nb::make_tuple(column<int32_t>(answer.counts, &Count::query), column<uint16_t>(answer.counts, &Count::rrtype),
                          column<int32_t>(answer.counts, &Count::bucket), column<uint64_t>(answer.counts, &Count::count),
                          answer.rows, answer.blocks, failures, skipped, outside);
}

}  // namespace

void bind_lookup(nb::module_& m) {
    nb::class_<BlockCache>(m, "BlockCache", "Decoded blocks that look-ups came back to, up to `bytes` of memory.")
        .def(nb::init<size_t>(), nb::arg("bytes"), nb::sig("def __init__(self, bytes: int) -> None"))
        .def_prop_ro("bytes", &BlockCache::bytes, nb::sig("def bytes(self) -> int"))
        .def_prop_ro("hits", &BlockCache::hits, nb::sig("def hits(self) -> int"))
        .def_prop_ro("misses", &BlockCache::misses, nb::sig("def misses(self) -> int"));
    m.def("lookup", look_up, nb::arg("tables"), nb::arg("queries"), nb::arg("edges").noconvert(),
          nb::arg("table_buckets").noconvert() = nb::none(), nb::arg("split_by_rrtype") = false,
          nb::arg("threads") = 1, nb::arg("cancel") = nb::none(), nb::arg("cache") = nb::none(),
          nb::sig("def lookup(tables: Sequence[Table], queries: Sequence[LookupQuery], edges: NDArray[np.int64], "
                  "table_buckets: NDArray[np.int32] | None = None, split_by_rrtype: bool = False, threads: int = 1, "
                  "cancel: Cancel | None = None, cache: BlockCache | None = None) -> "
                  "tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.int32], NDArray[np.uint64], "
                  "int, int, list[tuple[int, TableError]], list[tuple[int, int, int, int, str]], tuple[int, int] | None]"));
    m.def(
        "verify",
        [](const TableHandle& handle, const Cancel* cancel) {
            const std::shared_ptr<const Table> table = handle.table();
            Skipped skipped;
            {
                nb::gil_scoped_release release;
                skipped = verify(*table, cancel);
            }
            return nb::make_tuple(skipped.rows, skipped.offset, skipped.reason);
        },
        nb::arg("table"), nb::arg("cancel") = nb::none(),
        nb::sig("def verify(table: Table, cancel: Cancel | None = None) -> tuple[int, int, str]"));
}

}  // namespace dnstide
