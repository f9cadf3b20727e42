// One pass over a table that adds its rows up: by owner name, registered domain, last label, leading labels, or rdata; each in
// classes of record types; keeping the largest of each, and exact totals.
//
// Keys that begin alike stand together, so a group is complete once a key comes that does not begin with it: memory depends
// on how many keys are kept, not on how many there are. Groups nest where a public suffix stands below a registered domain
// and where one rdata begins another; then several are open at once.
//
// Rdata are grouped together with their type. A row counts once for each of its rdata; the second, sliced entry of MX, SRV,
// SVCB and HTTPS rdata is passed over.
//
// Checksums, order and layout of all that is read are checked. Nothing here knows of Python; see scan_module.cc.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cancel.h"
#include "grouping.h"
#include "psl.h"
#include "skipped.h"
#include "table.h"
#include "toplist.h"

namespace dnstide {

struct GroupSpec {
    Grouping by;
    unsigned depth;      // for Grouping::depth: how many of the last labels
    size_t keep;         // how many keys of each class
    uint64_t min_count;  // smaller groups are dropped
};

constexpr unsigned kMaxClasses = 15;

// Which class counts a type: 0 … classes - 1, or `none`. With `all`, one more class counts every type.
struct TypeClasses {
    static constexpr uint8_t none = 255;
    std::array<uint8_t, 65536> of;
    unsigned classes = 0;
    bool all = false;
    unsigned lists() const { return classes + (all ? 1 : 0); }
};

// Half-open; keys after the byte for the entry type. No stop: to the end.
struct KeyRange {
    std::string start;
    std::optional<std::string> stop;
};

struct ScanPlan {
    std::vector<GroupSpec> groups;
    TypeClasses types;
    std::vector<KeyRange> ranges;      // of RRSET keys; ascending, apart. Rdata are always read to the end.
    std::string rdata_owners;          // only rdata rows whose reversed owner begins with this
    std::shared_ptr<const SuffixTrie> suffixes;  // needed for Grouping::domain
};

struct TypeTotal {
    uint64_t rows = 0;
    unsigned __int128 count = 0;
};

struct ScanResult {
    std::vector<std::vector<TopList>> lists;  // per group, per class (`all` last)
    std::map<uint16_t, TypeTotal> types;      // of the RRSET rows read
    uint64_t rows = 0;
    uint64_t blocks = 0;
    Skipped rrsets;  // odd RRSET entries of the ranges
    Skipped rdata;   // odd RDATA entries, where these were read
};

// Of one table: the result, or why there is none.
struct ScanOutcome {
    std::optional<ScanResult> result;
    std::optional<TableError> error;
};

// Scans the tables side by side on `threads` threads; large tables are cut at index entries when there are fewer tables than
// threads, and the groups that a cut divides are put together again. A table that fails has an error in its place.
// Throws Cancelled, DeadlineExceeded.
std::vector<ScanOutcome> scan(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan, unsigned threads,
                          const Cancel* cancel);

}  // namespace dnstide
