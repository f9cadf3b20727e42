// Counts by (query, rrtype, bucket). Made for few keys at first and many in the end: found by looking at the last one,
// then at a handful, then by hash. Nothing is allocated after the first uses. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace dnstide {

struct Count {
    uint32_t query;
    uint32_t bucket;
    uint64_t count;
    uint16_t rrtype;
};

class Tally {
public:
    void add(uint32_t query, uint16_t rrtype, uint32_t bucket, uint64_t n) {
        Count* at = last_ < counts_.size() ? &counts_[last_] : nullptr;
        if (at == nullptr || at->bucket != bucket || at->rrtype != rrtype || at->query != query) {
            at = &find(query, rrtype, bucket);
            last_ = static_cast<size_t>(at - counts_.data());
        }
        if (__builtin_add_overflow(at->count, n, &at->count)) [[unlikely]] overflow_ = true;
    }
    void add(const Tally& other) {
        for (const Count& c : other.counts_) add(c.query, c.rrtype, c.bucket, c.count);
        overflow_ |= other.overflow_;
    }
    void clear() {
        counts_.clear();
        last_ = 0;
        overflow_ = false;
        if (hashed_) std::ranges::fill(slots_, 0);
        hashed_ = false;
    }
    // True once any sum has passed 2^64-1; that sum is then wrong.
    bool overflow() const { return overflow_; }
    bool empty() const { return counts_.empty(); }

    std::vector<Count> take_sorted() {
        std::ranges::sort(counts_, [](const Count& a, const Count& b) {
            if (a.query != b.query) return a.query < b.query;
            return a.rrtype != b.rrtype ? a.rrtype < b.rrtype : a.bucket < b.bucket;
        });
        return std::move(counts_);
    }

private:
    static constexpr size_t kHandful = 12;

    Count& find(uint32_t query, uint16_t rrtype, uint32_t bucket) {
        if (!hashed_) {
            for (Count& c : counts_) {
                if (c.bucket == bucket && c.rrtype == rrtype && c.query == query) return c;
            }
            if (counts_.size() < kHandful) return counts_.emplace_back(Count{query, bucket, 0, rrtype});
        }
        if (!hashed_ || counts_.size() * 2 >= slots_.size()) rehash();
        uint32_t& slot = probe(query, rrtype, bucket);
        if (slot == 0) {
            counts_.push_back({query, bucket, 0, rrtype});
            slot = static_cast<uint32_t>(counts_.size());
        }
        return counts_[slot - 1];
    }

    // The slot of the key, or the empty one where it belongs. A slot holds the place in counts_ plus one.
    uint32_t& probe(uint32_t query, uint16_t rrtype, uint32_t bucket) {
        uint64_t h = (uint64_t{query} << 32 | bucket) * 0x9E3779B97F4A7C15u;
        h = (h ^ h >> 29 ^ rrtype) * 0xBF58476D1CE4E5B9u;
        const size_t mask = slots_.size() - 1;
        for (size_t i = h >> 32 & mask;; i = (i + 1) & mask) {
            uint32_t& slot = slots_[i];
            if (slot == 0) return slot;
            const Count& c = counts_[slot - 1];
            if (c.bucket == bucket && c.rrtype == rrtype && c.query == query) return slot;
        }
    }

    void rehash() {
        size_t size = std::max<size_t>(slots_.size(), 64);
        while (size <= counts_.size() * 2) size *= 2;
        slots_.assign(size, 0);
        for (size_t i = 0; i < counts_.size(); ++i) {
            probe(counts_[i].query, counts_[i].rrtype, counts_[i].bucket) = static_cast<uint32_t>(i + 1);
        }
        hashed_ = true;
    }

    std::vector<Count> counts_;
    std::vector<uint32_t> slots_;
    size_t last_ = 0;
    bool hashed_ = false;
    bool overflow_ = false;
};

}  // namespace dnstide
