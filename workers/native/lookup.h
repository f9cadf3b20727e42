// Counts of RRSET rows under key prefixes, over many tables and many questions in one call.
//
// Within a table every block is read and decoded once, for all queries that fall into it. A first pass over the tables
// answers from the blocks in memory and requests all others from the disk at once; a second pass waits for them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "buckets.h"
#include "cancel.h"
#include "error.h"
#include "row_filter.h"
#include "skipped.h"
#include "table.h"
#include "tally.h"

namespace dnstide {

struct Query {
    std::string prefix;  // of the key: it begins with the entry type 00 and ends at the end of a label
    RowFilter filter;
};

struct LookupRequest {
    std::span<const std::shared_ptr<const Table>> tables;
    std::span<const Query> queries;
    const Buckets& buckets;
    std::span<const int32_t> table_buckets;  // empty, or per table: the bucket of all of its rows, or -1
    bool split_by_rrtype;
    unsigned threads;
    const Cancel* cancel;  // may be null
    BlockCache* cache = nullptr;
};

// From the earliest to the latest of some times, in seconds since 1970.
struct Times {
    uint64_t earliest = UINT64_MAX;
    uint64_t latest = 0;

    bool empty() const { return earliest > latest; }
    void add(const Times& other) {
        earliest = std::min(earliest, other.earliest);
        latest = std::max(latest, other.latest);
    }
};

// Odd rows of one table that one query met.
struct SkippedRows {
    uint32_t query;
    uint32_t table;
    Skipped skipped;
};

struct LookupAnswer {
    std::vector<Count> counts;  // unique, by (query, rrtype, bucket)
    uint64_t rows = 0;          // rows counted, once for each query
    uint64_t blocks = 0;        // blocks walked, decoded for this or found in the cache
    std::vector<std::pair<uint32_t, TableError>> failures;  // by table; these tables add nothing to counts and rows
    std::vector<SkippedRows> skipped;  // by query and table
    Times outside;  // when rows were first seen that queries want, and that no bucket holds
};

// Throws Cancelled, DeadlineExceeded, CountOverflow.
LookupAnswer lookup(const LookupRequest& request);

}  // namespace dnstide
