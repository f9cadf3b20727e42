// Threads that stay, lent to whoever has work to spread.
//
// run(n, body) calls body on the calling thread and on up to n - 1 others at once, and returns when all that began have
// ended. The caller never waits for a thread to become free: helpers that have not begun by the time it is done are not
// needed any more. So many callers may share the pool, and n = 1 touches no other thread. body must not throw.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

namespace dnstide {

class Pool {
public:
    // The process's own; a forked child begins with an empty one.
    static Pool& shared();

    template <class Body>
    void run(unsigned threads, Body&& body) {
        if (threads <= 1) {
            body();
            return;
        }
        using Plain = std::remove_reference_t<Body>;
        Task task{[](void* b) { (*static_cast<Plain*>(b))(); }, static_cast<void*>(&body), threads - 1, 0};
        begin(task);
        body();
        finish(task);
    }

private:
    struct Task {
        void (*call)(void*);
        void* body;
        unsigned wanted;   // helpers that may still join
        unsigned running;  // helpers at work
    };

    void begin(Task& task);
    void finish(Task& task);
    void help();

    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable ended_;
    std::deque<Task*> tasks_;
    unsigned threads_ = 0;
    unsigned idle_ = 0;
};

}  // namespace dnstide
