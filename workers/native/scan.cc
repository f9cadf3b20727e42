#include "scan.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "parallel.h"
#include "range_scanner.h"
#include "rows.h"

namespace dnstide {
namespace {

constexpr uint64_t kMinBlocksToCut = 8;
constexpr size_t kIntervalsPerThread = 4;  // of one table, at the most: each interval keeps lists of its own
constexpr size_t kTasksPerThread = 16;     // so that no thread waits long for the last one

// One interval of one table, scanned by one thread.
struct ScanTask {
    size_t table;
    uint8_t type;
    KeyInterval interval;
};

// The result of one table so far; its tasks are merged one after the other, in any order.
struct TableResult {
    std::mutex mutex;
    std::optional<ScanResult> result;
    std::optional<TableError> error;
    std::vector<BorderGroups> border_groups;  // per group of the plan
};

std::vector<KeyInterval> cut(const Table& table, std::vector<KeyInterval> whole, size_t intervals) {
    if (intervals < 2 || table.trailer().blocks < kMinBlocksToCut) return whole;
    const uint64_t blocks_each = std::max<uint64_t>(table.trailer().blocks / intervals, 1);
    std::vector<KeyInterval> out;
    BlockCursor index;
    index.reset(table.index());
    uint64_t blocks = 0;
    size_t i = 0;
    while (i < whole.size() && index.next()) {
        if (++blocks % blocks_each != 0) continue;
        // Just past the last key that the block can hold.
        std::string border(index.key().begin(), index.key().end());
        border.push_back('\0');
        while (i < whole.size() && whole[i].stop <= border) out.push_back(whole[i++]);
        if (i < whole.size() && whole[i].start < border) {
            out.push_back({whole[i].start, border});
            whole[i].start = border;
        }
    }
    for (; i < whole.size(); ++i) out.push_back(whole[i]);
    return out;
}

std::vector<ScanTask> divide(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan,
                             unsigned threads) {
    const auto reads = [&plan](bool rdata) {
        return std::any_of(plan.groups.begin(), plan.groups.end(),
                           [rdata](const GroupSpec& g) { return (g.by == Grouping::rdata) == rdata; });
    };
    std::vector<KeyInterval> rrsets, rdata;
    if (reads(false) || plan.groups.empty()) {
        for (const KeyRange& range : plan.ranges) {
            rrsets.push_back({std::string(1, char{kRrset}) + range.start,
                              range.stop ? std::string(1, char{kRrset}) + *range.stop : std::string(1, char{kRrset + 1})});
        }
    }
    if (reads(true)) rdata.push_back({std::string(1, char{kRdata}), std::string(1, char{kRdata + 1})});
    const size_t wanted = (kTasksPerThread * threads + tables.size() - 1) / std::max<size_t>(tables.size(), 1);
    const size_t intervals = threads < 2 ? 1 : std::min(wanted, kIntervalsPerThread * threads);
    std::vector<ScanTask> tasks;
    for (size_t t = 0; t < tables.size(); ++t) {
        for (KeyInterval& i : cut(*tables[t], rrsets, intervals)) tasks.push_back({t, kRrset, std::move(i)});
        for (KeyInterval& i : cut(*tables[t], rdata, intervals)) tasks.push_back({t, kRdata, std::move(i)});
    }
    return tasks;
}

void prepare(TableResult& table, const ScanPlan& plan) {
    table.result.emplace();
    for (const GroupSpec& spec : plan.groups) {
        std::vector<TopList> lists;
        for (unsigned c = 0; c < plan.types.lists(); ++c) {
            lists.emplace_back(spec.keep, spec.min_count, spec.by != Grouping::rdata);
        }
        table.result->lists.push_back(std::move(lists));
    }
    table.border_groups.resize(plan.groups.size());
}

void merge(TableResult& table, RangeScanner& scanner, uint64_t blocks) {
    const std::lock_guard lock(table.mutex);
    ScanResult& result = *table.result;
    for (size_t i = 0; i < scanner.groupers().size(); ++i) {
        const size_t place = scanner.places()[i];
        Grouper& grouper = scanner.groupers()[i];
        std::vector<TopList>& lists = result.lists[place];
        for (size_t c = 0; c < lists.size(); ++c) lists[c].merge(std::move(grouper.lists()[c]));
        for (auto& [key, sums] : grouper.border_groups()) table.border_groups[place][key].add(sums);
    }
    scanner.types().add_to(result.types);
    result.rows += scanner.rows();
    result.blocks += blocks;
    (scanner.type() == kRdata ? result.rdata : result.rrsets).add(scanner.skipped());
}

// Adds the groups that borders went through, which are whole once all tasks are merged, and ends the lists.
void finalize(TableResult& table, const ScanPlan& plan) {
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        std::vector<TopList>& lists = table.result->lists[i];
        if (table.border_groups[i].empty()) {
            for (TopList& list : lists) list.finish();
            continue;
        }
        Grouper grouper(plan.groups[i], plan.types, {});
        for (const auto& [key, sums] : table.border_groups[i]) {
            grouper.add_complete(bytes_of(key.first), key.second, sums);
        }
        for (size_t c = 0; c < lists.size(); ++c) {
            lists[c].merge(std::move(grouper.lists()[c]));
            lists[c].finish();
        }
    }
}

class ScanExecutor {
public:
    ScanExecutor(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan, const Cancel* cancel)
        : tables_(tables), plan_(plan), cancel_(cancel), results_(tables.size()) {
        for (TableResult& result : results_) prepare(result, plan);
    }

    void run(unsigned threads) {
        const std::vector<ScanTask> tasks = divide(tables_, plan_, threads);
        run_tasks(tasks.size(), threads, [&](TaskQueue& queue) {
            TableCursor cursor;
            for (size_t i; queue.take(i);) {
                scan(tasks[i], cursor);
                cursor.trim();
            }
        });
    }

    std::vector<ScanOutcome> finish() {
        std::vector<ScanOutcome> outcomes(results_.size());
        for (size_t t = 0; t < outcomes.size(); ++t) {
            outcomes[t].error = std::move(results_[t].error);
            if (outcomes[t].error) continue;
            finalize(results_[t], plan_);
            const ScanResult& result = *results_[t].result;
            Skipped skipped = result.rrsets;
            skipped.add(result.rdata);
            if (result.rows == 0 && skipped.rows != 0 && reads_all()) {  // it is a table of something else
                outcomes[t].error.emplace(tables_[t]->error(Malformed(Code::not_dnstable, skipped.reason), skipped.offset));
                continue;
            }
            outcomes[t].result = std::move(results_[t].result);
        }
        return outcomes;
    }

private:
    bool reads_all() const {
        return plan_.ranges.size() == 1 && plan_.ranges[0].start.empty() && !plan_.ranges[0].stop;
    }

    void scan(const ScanTask& task, TableCursor& cursor) {
        TableResult& table = results_[task.table];
        try {
            RangeScanner scanner(plan_, task.interval, task.type);
            scanner.run(*tables_[task.table], cancel_, cursor);
            merge(table, scanner, cursor.blocks());
        } catch (const TableError& e) {
            const std::lock_guard lock(table.mutex);
            // Of several damaged places the first is named, whichever thread met one first.
            if (!table.error || e.offset < table.error->offset) table.error.emplace(e);
        }
    }

    std::span<const std::shared_ptr<const Table>> tables_;
    const ScanPlan& plan_;
    const Cancel* cancel_;
    std::vector<TableResult> results_;
};

}  // namespace

std::vector<ScanOutcome> scan(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan,
                              unsigned threads, const Cancel* cancel) {
    ScanExecutor executor(tables, plan, cancel);
    executor.run(std::max(threads, 1u));
    return executor.finish();
}

}  // namespace dnstide
