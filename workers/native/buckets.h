// From a time to its step of the answer's axis. Never changes after it is made; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace dnstide {

class Buckets {
public:
    // At least two edges, strictly ascending, in seconds since 1970; bucket i is [edges[i], edges[i + 1]).
    explicit Buckets(std::vector<int64_t> edges) : edges_(std::move(edges)) {
        // Differences are taken unsigned: edges may lie further apart than an int64 reaches.
        step_ = distance(edges_[0], edges_[1]);
        for (size_t i = 1; i + 1 < edges_.size(); ++i) {
            if (distance(edges_[i], edges_[i + 1]) != step_) step_ = 0;
        }
    }

    uint32_t size() const { return static_cast<uint32_t>(edges_.size() - 1); }

    // -1 for a time outside the axis.
    int64_t find(uint64_t time) const {
        if (time > INT64_MAX) return -1;
        const auto t = static_cast<int64_t>(time);
        if (t < edges_.front() || t >= edges_.back()) return -1;
        if (step_ != 0) return static_cast<int64_t>(distance(edges_.front(), t) / step_);
        return std::ranges::upper_bound(edges_, t) - edges_.begin() - 1;
    }

private:
    static uint64_t distance(int64_t from, int64_t to) {
        return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
    }

    std::vector<int64_t> edges_;
    uint64_t step_ = 0;  // 0 where the steps differ
};

}  // namespace dnstide
