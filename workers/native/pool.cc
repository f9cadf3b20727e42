#include "pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace dnstide {
namespace {

// More threads than this gain nothing: a table is decoded by one, and disks are kept busy by requests ahead.
constexpr unsigned kMaxThreads = 256;

// Never destroyed: at exit the threads may still be waiting for work.
std::atomic<Pool*> current{nullptr};

void forget() { current.store(new Pool); }

}  // namespace

Pool& Pool::shared() {
    static const bool once = [] {
        forget();
        ::pthread_atfork(nullptr, nullptr, forget);
        return true;
    }();
    (void)once;
    return *current.load();
}

void Pool::begin(Task& task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(&task);
    const unsigned needed = task.wanted;
    for (unsigned i = idle_; i < needed && threads_ < kMaxThreads; ++i) {
        try {
            std::thread([this] { help(); }).detach();
        } catch (const std::system_error&) {
            break;  // the caller does the work with fewer
        }
        ++threads_;
    }
    work_.notify_all();
}

void Pool::finish(Task& task) {
    std::unique_lock lock(mutex_);
    std::erase(tasks_, &task);
    ended_.wait(lock, [&] { return task.running == 0; });
}

void Pool::help() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        work_.wait(lock, [&] { return !tasks_.empty(); });
        --idle_;
        Task* task = tasks_.front();
        if (--task->wanted == 0) tasks_.pop_front();
        ++task->running;
        lock.unlock();
        task->call(task->body);
        lock.lock();
        if (--task->running == 0) ended_.notify_all();
    }
}

}  // namespace dnstide
