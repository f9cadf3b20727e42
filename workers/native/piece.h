// One stretch of keys of one table, added up by one thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "grouper.h"
#include "scan.h"
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

// Keys here begin with the byte for the entry type.
struct Stretch {
    std::string start;
    std::string stop;
};

class Piece {
public:
    // Adds up the groups of the plan that are made from entries of `type` (kRrset or kRdata).
    Piece(const ScanPlan& plan, const Stretch& stretch, uint8_t type);

    // Throws TableError, Cancelled, DeadlinePassed.
    void run(const Table& table, const Cancel* cancel, TableCursor& cursor);

    std::vector<Grouper>& groupers() { return groupers_; }
    const std::vector<size_t>& places() const { return places_; }  // of each grouper in the plan
    const TypeTotals& types() const { return types_; }
    uint64_t rows() const { return rows_; }

private:
    void rrset_row(Bytes key, Bytes value, uint32_t shared);
    void rdata_row(Bytes key, Bytes value);
    void new_owner(Bytes key, size_t same, size_t end);
    size_t owner_end(Bytes key, size_t same);
    void add_to_owner(uint16_t type, uint64_t count);
    void flush_owner();
    size_t group_size(const GroupSpec& spec, Bytes key, size_t same, size_t owner_end);
    void remember(Bytes key, size_t same, size_t end);
    size_t in_common(Bytes key, size_t from) const;

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

    std::vector<uint8_t> last_;  // the key before, as far as groups are made of it
    size_t last_size_ = 0;
    size_t owner_end_ = 0;
    std::array<uint16_t, 160> label_starts_;  // of the owner
    size_t labels_ = 0;
    Sums owner_;
    Grouper* owners_ = nullptr;  // groups by owner: neither nested nor in parts
    struct Others {
        Grouper* grouper;
        const GroupSpec* spec;
        size_t size;  // of the group of the owner at hand
    };
    std::vector<Others> others_;
    size_t domain_size_ = 0;
    bool domain_closed_ = false;
};

}  // namespace dnstide
