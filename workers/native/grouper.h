// The groups that are open while a scan walks ascending keys, and the lists they close into.
//
// A group is named by how many leading bytes of the current key make it, so no name is copied until a group closes. Every
// open group is a prefix of the last key; a group closes when a key does not begin with it any more. A group at a border
// of the interval being scanned may go on in the next one: such groups are handed over as `border_groups` instead.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"
#include "scan.h"
#include "toplist.h"

namespace dnstide {

// Counts of one group, by class of types.
struct ClassSums {
    std::array<uint64_t, kMaxClasses> count{};
    uint16_t touched = 0;   // a bit for each class that has rows
    uint16_t overflow = 0;  // and for each that passed 2^64-1

    void add(unsigned cls, uint64_t n) {
        if (__builtin_add_overflow(count[cls], n, &count[cls])) [[unlikely]] overflow |= static_cast<uint16_t>(1u << cls);
        touched |= static_cast<uint16_t>(1u << cls);
    }
    void add(const ClassSums& other) {
        for (unsigned remaining = other.touched; remaining != 0; remaining &= remaining - 1) {
            const unsigned cls = static_cast<unsigned>(__builtin_ctz(remaining));
            add(cls, other.count[cls]);
        }
        overflow |= other.overflow;
    }
    void clear() {
        for (unsigned remaining = touched; remaining != 0; remaining &= remaining - 1) {
            count[static_cast<unsigned>(__builtin_ctz(remaining))] = 0;
        }
        touched = overflow = 0;
    }
};

// Sums of the groups that a border of the interval goes through, by prefix and type.
using BorderGroups = std::map<std::pair<std::string, uint16_t>, ClassSums>;

class Grouper {
public:
    Grouper(const GroupSpec& spec, const TypeClasses& types, std::span<const std::string> borders)
        : rdata_(spec.by == Grouping::rdata), whole_names_(spec.by == Grouping::fqdn), borders_(borders) {
        for (unsigned i = 0; i < types.lists(); ++i) lists_.emplace_back(spec.keep, spec.min_count, !rdata_);
        for (const std::string& border : borders_) longest_border_ = std::max(longest_border_, border.size());
    }

    // Closes the open groups that the next key does not continue; `same` is the length of the common prefix with `last`.
    void on_prefix_end(size_t same, const uint8_t* last) {
        while (!open_.empty() && open_.back().size > same) close(last);
    }
    // Counts the rows of the current key for the group of its first `size` bytes. Rdata groups differ by their type as
    // well: the same bytes may be a shorter rdata with a longer type.
    void add(size_t size, uint16_t type, const ClassSums& sums) {
        size_t i = open_.size();
        while (i > 0 && (open_[i - 1].size > size || (open_[i - 1].size == size && open_[i - 1].type != type))) --i;
        if (i == 0 || open_[i - 1].size != size) i = insert(i, size, type);
        open_[i - 1].sums.add(sums);
    }
    // Adds a whole group at once, where groups are neither nested nor come in parts.
    [[gnu::always_inline]] void add_whole(Bytes prefix, const ClassSums& sums) { finalize(prefix, 0, sums); }

    // Adds a complete group to the lists. For groups at borders the caller adds up the sums of all intervals before.
    [[gnu::always_inline]] void add_complete(Bytes prefix, uint16_t type, const ClassSums& sums) {
        const Bytes key = rdata_ ? rdata_key(prefix, type) : name_key(prefix);
        for (unsigned remaining = sums.touched; remaining != 0; remaining &= remaining - 1) {
            const unsigned cls = static_cast<unsigned>(__builtin_ctz(remaining));
            if (sums.overflow >> cls & 1) lists_[cls].overflow = true;
            lists_[cls].add(sums.count[cls], key);
        }
    }

    BorderGroups& border_groups() { return border_groups_; }
    std::vector<TopList>& lists() { return lists_; }

private:
    struct Open {
        size_t size;
        uint16_t type;
        ClassSums sums;
    };

    size_t insert(size_t i, size_t size, uint16_t type) {
        open_.insert(open_.begin() + static_cast<ptrdiff_t>(i), Open{size, type, {}});
        return i + 1;
    }

    void close(const uint8_t* last) {
        finalize({last, open_.back().size}, open_.back().type, open_.back().sums);
        open_.pop_back();
    }

    [[gnu::always_inline]] void finalize(Bytes prefix, uint16_t type, const ClassSums& sums) {
        if (prefix.size() <= longest_border_ && at_border(prefix)) [[unlikely]] {
            border_groups_[{std::string(prefix.begin(), prefix.end()), type}].add(sums);
        } else {
            add_complete(prefix, type, sums);
        }
    }

    bool at_border(Bytes prefix) const {
        return std::any_of(borders_.begin(), borders_.end(), [prefix](const std::string& border) {
            return starts_with(bytes_of(border), prefix);
        });
    }

    // Without the byte for the entry type, and closed by a zero where the group is everything under a name.
    Bytes name_key(Bytes prefix) {
        const Bytes key = prefix.subspan(1);
        if (whole_names_) return key;
        size_t at = 0;
        while (at < key.size() && key[at] != 0) at += 1 + size_t{key[at]};
        if (at < key.size()) return key;
        key_.assign(key.begin(), key.end());
        key_.push_back(0);
        return key_;
    }
    // The type, two bytes big endian, then the rdata; in the table the rdata comes first, then the type as a varint.
    Bytes rdata_key(Bytes prefix, uint16_t type) {
        const size_t type_bytes = type < 0x80 ? 1 : type < 0x4000 ? 2 : 3;
        key_.assign({static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)});
        key_.insert(key_.end(), prefix.begin() + 1, prefix.end() - static_cast<ptrdiff_t>(type_bytes));
        return key_;
    }

    bool rdata_;
    bool whole_names_;
    std::span<const std::string> borders_;
    size_t longest_border_ = 0;
    std::vector<Open> open_;
    std::vector<TopList> lists_;
    std::vector<uint8_t> key_;
    BorderGroups border_groups_;
};

}  // namespace dnstide
