// The k largest of many counted keys, seen once each in any order, in memory that depends on k alone.
//
// Equal counts are ranked by key: names in DNSSEC canonical order (RFC 4034 §6.1) over their reversed labels, other keys as
// bytes. So the kept keys never depend on the order in which keys came. Up to 2k keys are held; when they fill up, the k
// best stay. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "bytes.h"

namespace dnstide {

// Of two reversed names, each closed by a zero.
inline int canonical(const uint8_t* a, const uint8_t* b) {
    for (;;) {
        const uint8_t na = *a, nb = *b;
        if (na == 0 || nb == 0) return int{na != 0} - int{nb != 0};
        if (const int c = std::memcmp(a + 1, b + 1, std::min(na, nb)); c != 0) return c;
        if (na != nb) return na < nb ? -1 : 1;
        a += 1 + na;
        b += 1 + nb;
    }
}

class TopList {
public:
    // Keeps the k largest keys whose count is at least `min_count`.
    TopList(size_t k, uint64_t min_count, bool names)
        : k_(k), full_(k < SIZE_MAX / 4 ? 2 * k + 64 : SIZE_MAX), names_(names), bar_(min_count) {}

    void add(uint64_t count, Bytes key) {
        ++distinct_;
        total_ += count;
        if (count < bar_) {
            floor_ = std::max(floor_, count);
        } else {
            admit(count, key);
        }
    }

    // Merges a list of other keys into this one.
    void merge(TopList&& other) {
        if (distinct_ == 0) {
            *this = std::move(other);
            return;
        }
        const uint64_t distinct = distinct_ + other.distinct_;
        const unsigned __int128 total = total_ + other.total_;
        for (const Item& item : other.items_) add(item.count, other.key_of(item));
        distinct_ = distinct;
        total_ = total;
        floor_ = std::max(floor_, other.floor_);
        overflow |= other.overflow;
    }

    struct Item {
        uint64_t count;
        uint64_t at;
        uint32_t size;
    };

    // The kept keys, best first. Nothing may be added afterwards.
    const std::vector<Item>& finish() {
        if (!finished_) {
            if (items_.size() > k_) select();
            std::sort(items_.begin(), items_.end(), [this](const Item& a, const Item& b) { return better(a, b); });
            finished_ = true;
        }
        return items_;
    }

    Bytes key_of(const Item& item) const { return {arena_.data() + item.at, item.size}; }
    // The largest count among the keys that are not kept; exact.
    uint64_t floor() const { return floor_; }
    uint64_t distinct() const { return distinct_; }
    unsigned __int128 total() const { return total_; }

    bool overflow = false;  // a count passed 2^64-1 and is not to be trusted

private:
    [[gnu::noinline]] void admit(uint64_t count, Bytes key) {
        if (k_ == 0 || (pruned_ && count == items_[worst_].count && !before(key, key_of(items_[worst_])))) {
            floor_ = std::max(floor_, count);
            return;
        }
        items_.push_back({count, arena_.size(), static_cast<uint32_t>(key.size())});
        arena_.insert(arena_.end(), key.begin(), key.end());
        if (items_.size() >= full_) prune();
    }
    bool before(Bytes a, Bytes b) const {
        return (names_ ? canonical(a.data(), b.data()) : compare(a, b)) < 0;
    }
    bool better(const Item& a, const Item& b) const {
        return a.count != b.count ? a.count > b.count : before(key_of(a), key_of(b));
    }
    // Leaves the k best, in no order.
    void select() {
        const auto nth = items_.begin() + static_cast<ptrdiff_t>(k_);
        std::nth_element(items_.begin(), nth, items_.end(), [this](const Item& a, const Item& b) { return better(a, b); });
        floor_ = std::max(floor_, nth->count);
        items_.resize(k_);
    }
    void prune() {
        select();
        worst_ = static_cast<size_t>(
            std::max_element(items_.begin(), items_.end(), [this](const Item& a, const Item& b) { return better(a, b); }) -
            items_.begin());
        bar_ = std::max(bar_, items_[worst_].count);
        std::vector<uint8_t> compacted;
        compacted.reserve(arena_.size());
        for (Item& item : items_) {
            const Bytes key = key_of(item);
            item.at = compacted.size();
            compacted.insert(compacted.end(), key.begin(), key.end());
        }
        arena_ = std::move(compacted);
        pruned_ = true;
    }

    size_t k_;
    size_t full_;
    bool names_;
    bool pruned_ = false;
    bool finished_ = false;
    size_t worst_ = 0;
    uint64_t bar_;  // admission threshold: smaller counts are rejected
    uint64_t floor_ = 0;
    uint64_t distinct_ = 0;
    unsigned __int128 total_ = 0;
    std::vector<Item> items_;
    std::vector<uint8_t> arena_;
};

}  // namespace dnstide
