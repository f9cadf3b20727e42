// One interval of the keys of one table, added up by one thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "grouper.h"
#include "rows.h"
#include "scan.h"
#include "skipped.h"
#include "table_cursor.h"

namespace dnstide {

// Types below 256 are nearly all there are, and are added up without a search.
class TypeTotals {
public:
    void add(uint16_t type, uint64_t count) {
        TypeTotal& total = type < common_.size() ? common_[type] : rare_[type];
        ++total.rows;
        total.count += count;
    }
    void add_to(std::map<uint16_t, TypeTotal>& out) const;

private:
    std::array<TypeTotal, 256> common_{};
    std::map<uint16_t, TypeTotal> rare_;
};

// Half-open. Its keys begin with the byte for the entry type.
struct KeyInterval {
    std::string start;
    std::string stop;
};

class RangeScanner {
public:
    // Adds up the groups of the plan that are made from entries of `type` (kRrset or kRdata).
    RangeScanner(const ScanPlan& plan, const KeyInterval& interval, uint8_t type);

    // Throws TableError, Cancelled, DeadlineExceeded.
    void run(const Table& table, const Cancel* cancel, TableCursor& cursor);

    std::vector<Grouper>& groupers() { return groupers_; }
    const std::vector<size_t>& places() const { return places_; }  // of each grouper in the plan
    const TypeTotals& types() const { return types_; }
    uint64_t rows() const { return rows_; }
    const Skipped& skipped() const { return skipped_; }
    uint8_t type() const { return type_; }

private:
    // Closes every group whose prefix is longer than `same`, the number of leading bytes the new key shares with `last`.
    // Returns whether the new key has another owner.
    bool on_prefix_end(size_t same, const uint8_t* last) {
        if (type_ == kRdata) {
            for (Grouper& grouper : groupers_) grouper.on_prefix_end(same, last);
            return false;
        }
        // A name ends itself, so the owner is the same if all of its bytes are; it is another one after an owner that is none.
        if (same >= owner_end_ && owner_end_ != 0) return false;
        close_owner(same, last);
        return true;
    }
    void close_owner(size_t same, const uint8_t* last);
    void row(Bytes key, Bytes value, bool entered) {
        try {
            type_ == kRrset ? rrset_row(key, value, entered) : rdata_row(key, value);
        } catch (const Malformed& m) {
            skip(m);
        }
    }
    void skip(const Malformed& m);
    void rrset_row(Bytes key, Bytes value, bool entered);
    void rdata_row(Bytes key, Bytes value);
    void enter_owner(Bytes key);
    size_t owner_end(Bytes key);
    size_t label_before(size_t at);
    void add_to_owner(uint16_t type, uint64_t count);
    void flush_owner(const uint8_t* last);
    size_t group_size(const GroupSpec& spec, Bytes key, size_t owner_end);

    const ScanPlan& plan_;
    const uint8_t type_;
    const unsigned classes_;
    const bool all_;
    const std::array<std::string, 2> borders_;
    const std::string stop_;
    std::vector<Grouper> groupers_;
    std::vector<size_t> places_;
    TypeTotals types_;
    uint64_t rows_ = 0;
    Skipped skipped_;
    TableCursor* cursor_ = nullptr;  // during a run

    std::vector<uint8_t> last_;  // the last key of the block before
    size_t same_ = 0;            // leading bytes that the current owner has in common with the one before
    size_t owner_end_ = 0;       // 0 between owners
    std::array<uint64_t, 4> label_starts_{};  // of the owner: a bit for each byte of the key where a label begins
    size_t last_label_ = 1;                   // where the last of them begins
    ClassSums owner_;
    Grouper* owners_ = nullptr;  // groups by owner: neither nested nor in parts
    struct OtherGrouping {
        Grouper* grouper;
        const GroupSpec* spec;
        size_t size;  // of the group of the current owner
    };
    std::vector<OtherGrouping> others_;
    size_t domain_size_ = 0;
    bool domain_closed_ = false;
};

}  // namespace dnstide
