#include "open.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

#include "pool.h"

namespace dnstide {

std::vector<Opened> open_tables(std::vector<std::string> paths, unsigned threads) {
    std::vector<Opened> out(paths.size());
    std::vector<std::optional<File>> files(paths.size());
    std::exception_ptr trouble;
    std::mutex mutex;
    const auto each = [&](auto&& step) {
        std::atomic<size_t> next{0};
        Pool::shared().run(threads, [&] {
            for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < paths.size();) {
                try {
                    step(i);
                } catch (const TableError& e) {
                    out[i].error = e;
                } catch (...) {
                    const std::lock_guard lock(mutex);
                    trouble = std::current_exception();
                }
            }
        });
        if (trouble) std::rethrow_exception(trouble);
    };
    each([&](size_t i) {
        const File& file = files[i].emplace(std::move(paths[i]));
        const uint64_t n = tail_bytes(file.size());
        file.will_need(file.size() - n, n);
    });
    each([&](size_t i) {
        if (files[i]) out[i].table = std::make_shared<const Table>(std::move(*files[i]));
    });
    return out;
}

}  // namespace dnstide
