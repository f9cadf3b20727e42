// The one parallel loop: numbered tasks, taken by a few threads until none is left.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "pool.h"

namespace dnstide {

// Hands out the numbers 0 … count - 1, each once. Any thread.
class TaskQueue {
public:
    explicit TaskQueue(size_t count) : count_(count) {}

    // False once all are taken, or the work is stopped.
    bool take(size_t& task) {
        task = next_.fetch_add(1, std::memory_order_relaxed);
        return task < count_;
    }
    // No further task is handed out; those that are taken go on.
    void stop() { next_.store(count_, std::memory_order_relaxed); }

private:
    const size_t count_;
    std::atomic<size_t> next_{0};
};

// Calls worker(queue) on the calling thread and on up to `threads` - 1 threads of the pool, and returns when all have
// ended. A worker keeps its own state in local variables, takes tasks until there are no more, and then hands in its
// result. The first exception that leaves a worker, a cancel for example, stops the others and is thrown here.
template <class Worker>
void run_tasks(size_t count, unsigned threads, Worker&& worker) {
    if (count == 0) return;
    TaskQueue queue(count);
    std::mutex mutex;
    std::exception_ptr first_error;
    Pool::shared().run(static_cast<unsigned>(std::min<size_t>(threads, count)), [&] {
        try {
            worker(queue);
        } catch (...) {
            queue.stop();
            const std::lock_guard lock(mutex);
            if (!first_error) first_error = std::current_exception();
        }
    });
    if (first_error) std::rethrow_exception(first_error);
}

}  // namespace dnstide
