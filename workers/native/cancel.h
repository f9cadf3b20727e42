// A request to stop, and a deadline by the steady clock. Any thread may cancel or check; checks happen between blocks.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "error.h"

namespace dnstide {

class Cancel {
public:
    using Clock = std::chrono::steady_clock;

    Cancel() = default;
    explicit Cancel(Clock::time_point deadline) : deadline_(deadline) {}

    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

    void check() const {
        if (cancelled()) throw Cancelled();
        if (deadline_ && Clock::now() >= *deadline_) throw DeadlineExceeded();
    }

private:
    std::atomic<bool> cancelled_{false};
    std::optional<Clock::time_point> deadline_;
};

}  // namespace dnstide
