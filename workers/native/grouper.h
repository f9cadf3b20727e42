// The groups that are open while a scan walks ascending keys, and the lists they close into.
//
// A group is named by how many leading bytes of the key at hand make it, so no name is copied until a group closes. The
// open groups all begin the last key; a group closes when a key does not begin with it any more. What stands at a border
// of the piece being scanned may go on in the next piece: such groups are handed over as `edges` instead.
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

struct Sums {
    std::array<uint64_t, kMostClasses> count{};
    uint16_t touched = 0;   // a bit for each class that has rows
    uint16_t overflow = 0;  // and for each that passed 2^64-1

    void add(unsigned cls, uint64_t n) {
        if (__builtin_add_overflow(count[cls], n, &count[cls])) [[unlikely]] overflow |= static_cast<uint16_t>(1u << cls);
        touched |= static_cast<uint16_t>(1u << cls);
    }
    void add(const Sums& other) {
        for (unsigned left = other.touched; left != 0; left &= left - 1) {
            const unsigned cls = static_cast<unsigned>(__builtin_ctz(left));
            add(cls, other.count[cls]);
        }
        overflow |= other.overflow;
    }
    void clear() {
        for (unsigned left = touched; left != 0; left &= left - 1) count[static_cast<unsigned>(__builtin_ctz(left))] = 0;
        touched = overflow = 0;
    }
};

using Edges = std::map<std::pair<std::string, uint16_t>, Sums>;

class Grouper {
public:
    Grouper(const GroupSpec& spec, const TypeClasses& types, std::span<const std::string> borders)
        : rdata_(spec.by == Grouping::rdata), whole_names_(spec.by == Grouping::owner), borders_(borders) {
        for (unsigned i = 0; i < types.lists(); ++i) lists_.emplace_back(spec.keep, spec.least, !rdata_);
        for (const std::string& border : borders_) longest_border_ = std::max(longest_border_, border.size());
    }

    // Closes what a key does not continue that has `same` leading bytes in common with `last`, the key before.
    void advance(size_t same, const uint8_t* last) {
        while (!open_.empty() && open_.back().size > same) close(last);
    }
    // The rows of the key at hand count for its first `size` bytes. Rdata groups are told apart by their type as well: the
    // same bytes may be a shorter rdata with a longer type.
    void add(size_t size, uint16_t type, const Sums& sums) {
        size_t i = open_.size();
        while (i > 0 && (open_[i - 1].size > size || (open_[i - 1].size == size && open_[i - 1].type != type))) --i;
        if (i == 0 || open_[i - 1].size != size) i = insert(i, size, type);
        open_[i - 1].sums.add(sums);
    }
    // A whole group at once, where groups are neither nested nor come in parts.
    [[gnu::always_inline]] void add_whole(Bytes prefix, const Sums& sums) { settle(prefix, 0, sums); }

    // What other pieces know of the groups at their borders is added up by the caller and offered here.
    [[gnu::always_inline]] void offer(Bytes prefix, uint16_t type, const Sums& sums) {
        const Bytes key = rdata_ ? rdata_key(prefix, type) : name_key(prefix);
        for (unsigned left = sums.touched; left != 0; left &= left - 1) {
            const unsigned cls = static_cast<unsigned>(__builtin_ctz(left));
            if (sums.overflow >> cls & 1) lists_[cls].overflow = true;
            lists_[cls].offer(sums.count[cls], key);
        }
    }

    Edges& edges() { return edges_; }
    std::vector<TopList>& lists() { return lists_; }

private:
    struct Open {
        size_t size;
        uint16_t type;
        Sums sums;
    };

    size_t insert(size_t i, size_t size, uint16_t type) {
        open_.insert(open_.begin() + static_cast<ptrdiff_t>(i), Open{size, type, {}});
        return i + 1;
    }

    void close(const uint8_t* last) {
        settle({last, open_.back().size}, open_.back().type, open_.back().sums);
        open_.pop_back();
    }

    [[gnu::always_inline]] void settle(Bytes prefix, uint16_t type, const Sums& sums) {
        if (prefix.size() <= longest_border_ && at_border(prefix)) [[unlikely]] {
            edges_[{std::string(prefix.begin(), prefix.end()), type}].add(sums);
        } else {
            offer(prefix, type, sums);
        }
    }

    bool at_border(Bytes prefix) const {
        return std::any_of(borders_.begin(), borders_.end(), [prefix](const std::string& border) {
            return starts_with({reinterpret_cast<const uint8_t*>(border.data()), border.size()}, prefix);
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
    Edges edges_;
};

}  // namespace dnstide
