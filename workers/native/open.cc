#include "open.h"

#include <utility>

#include "parallel.h"

namespace dnstide {

std::vector<OpenOutcome> open_tables(std::vector<std::string> paths, unsigned threads) {
    std::vector<OpenOutcome> outcomes(paths.size());
    std::vector<std::optional<File>> files(paths.size());
    const auto for_each_path = [&](auto&& step) {
        run_tasks(paths.size(), threads, [&](TaskQueue& queue) {
            for (size_t i; queue.take(i);) {
                try {
                    step(i);
                } catch (const TableError& e) {
                    outcomes[i].error = e;
                }
            }
        });
    };
    for_each_path([&](size_t i) {
        const File& file = files[i].emplace(std::move(paths[i]));
        const uint64_t n = tail_bytes(file.size());
        file.will_need(file.size() - n, n);
    });
    for_each_path([&](size_t i) {
        if (files[i]) outcomes[i].table = std::make_shared<const Table>(std::move(*files[i]));
    });
    return outcomes;
}

}  // namespace dnstide
