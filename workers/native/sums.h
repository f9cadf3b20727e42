// Exact sums of given groups, by point lookup: for the keys that a list of the largest does not hold.
//
// A key is as a scan returns it: a reversed name closed by a zero, or type (two bytes, big endian) and rdata. Keys that
// ascend within a table cost each block one read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cancel.h"
#include "psl.h"
#include "scan.h"
#include "table.h"

namespace dnstide {

struct SumPlan {
    Grouping by;  // Grouping::depth sums everything at or under the name
    std::vector<std::string> keys;
    std::vector<std::vector<uint32_t>> wanted;  // per table, which keys
    std::vector<bool> types;                    // 65536; empty counts all
    std::shared_ptr<const SuffixTrie> suffixes; // needed for Grouping::domain
};

// Of one table: the sums, or why there are none.
struct SumOutcome {
    std::vector<uint64_t> counts;  // as `wanted`
    std::optional<TableError> error;
};

// One result per table. Throws Cancelled, DeadlineExceeded, CountOverflow.
std::vector<SumOutcome> sum_groups(std::span<const std::shared_ptr<const Table>> tables, const SumPlan& plan,
                               unsigned threads, const Cancel* cancel);

}  // namespace dnstide
