#include "scan.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "piece.h"
#include "rows.h"

namespace dnstide {
namespace {

constexpr uint64_t kWorthCutting = 8;  // blocks
constexpr size_t kPiecesPerThread = 4;   // of one table, at the most: each piece keeps lists of its own
constexpr size_t kTasksPerThread = 16;  // so that no thread waits long for the last one

struct Task {
    size_t table;
    uint8_t type;
    Stretch stretch;
};

// What is known of one table so far; pieces come in one after the other, in any order.
struct Gathering {
    std::mutex mutex;
    std::optional<ScanResult> result;
    std::optional<TableError> error;
    std::vector<Edges> edges;  // per group of the plan
};

std::vector<Stretch> cut(const Table& table, std::vector<Stretch> whole, size_t pieces) {
    if (pieces < 2 || table.trailer().blocks < kWorthCutting) return whole;
    const uint64_t each = std::max<uint64_t>(table.trailer().blocks / pieces, 1);
    std::vector<Stretch> out;
    BlockCursor index;
    index.reset(table.index());
    uint64_t blocks = 0;
    size_t i = 0;
    while (i < whole.size() && index.next()) {
        if (++blocks % each != 0) continue;
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

std::vector<Task> divide(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan, unsigned threads) {
    const auto reads = [&plan](bool rdata) {
        return std::any_of(plan.groups.begin(), plan.groups.end(),
                           [rdata](const GroupSpec& g) { return (g.by == Grouping::rdata) == rdata; });
    };
    std::vector<Stretch> rrsets, rdata;
    if (reads(false) || plan.groups.empty()) {
        for (const KeyRange& range : plan.ranges) {
            rrsets.push_back({std::string(1, char{kRrset}) + range.start,
                              range.stop ? std::string(1, char{kRrset}) + *range.stop : std::string(1, char{kRrset + 1})});
        }
    }
    if (reads(true)) rdata.push_back({std::string(1, char{kRdata}), std::string(1, char{kRdata + 1})});
    const size_t wanted = (kTasksPerThread * threads + tables.size() - 1) / std::max<size_t>(tables.size(), 1);
    const size_t pieces = threads < 2 ? 1 : std::min(wanted, kPiecesPerThread * threads);
    std::vector<Task> tasks;
    for (size_t t = 0; t < tables.size(); ++t) {
        for (Stretch& s : cut(*tables[t], rrsets, pieces)) tasks.push_back({t, kRrset, std::move(s)});
        for (Stretch& s : cut(*tables[t], rdata, pieces)) tasks.push_back({t, kRdata, std::move(s)});
    }
    return tasks;
}

void gather(Gathering& into, Piece& piece, uint64_t blocks) {
    const std::lock_guard lock(into.mutex);
    ScanResult& result = *into.result;
    for (size_t i = 0; i < piece.groupers().size(); ++i) {
        const size_t place = piece.places()[i];
        Grouper& grouper = piece.groupers()[i];
        std::vector<TopList>& lists = result.lists[place];
        for (size_t c = 0; c < lists.size(); ++c) lists[c].absorb(std::move(grouper.lists()[c]));
        for (auto& [key, sums] : grouper.edges()) into.edges[place][key].add(sums);
    }
    piece.types().add_to(result.types);
    result.rows += piece.rows();
    result.blocks += blocks;
}

void prepare(Gathering& into, const ScanPlan& plan) {
    into.result.emplace();
    for (const GroupSpec& spec : plan.groups) {
        std::vector<TopList> lists;
        for (unsigned c = 0; c < plan.types.lists(); ++c) {
            lists.emplace_back(spec.keep, spec.least, spec.by != Grouping::rdata);
        }
        into.result->lists.push_back(std::move(lists));
    }
    into.edges.resize(plan.groups.size());
}

// The groups that borders went through, whole again.
void settle(Gathering& into, const ScanPlan& plan) {
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        std::vector<TopList>& lists = into.result->lists[i];
        if (into.edges[i].empty()) {
            for (TopList& list : lists) list.finish();
            continue;
        }
        Grouper grouper(plan.groups[i], plan.types, {});
        for (const auto& [key, sums] : into.edges[i]) {
            grouper.offer({reinterpret_cast<const uint8_t*>(key.first.data()), key.first.size()}, key.second, sums);
        }
        for (size_t c = 0; c < lists.size(); ++c) {
            lists[c].absorb(std::move(grouper.lists()[c]));
            lists[c].finish();
        }
    }
}

class Crew {
public:
    Crew(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan, const Cancel* cancel)
        : tables_(tables), plan_(plan), cancel_(cancel), gatherings_(tables.size()) {
        for (Gathering& gathering : gatherings_) prepare(gathering, plan);
    }

    void run(unsigned threads) {
        tasks_ = divide(tables_, plan_, threads);
        {
            std::vector<std::jthread> others;
            for (unsigned i = 1; i < threads && i < tasks_.size(); ++i) others.emplace_back([this] { work(); });
            work();
        }
        if (stopped_) std::rethrow_exception(stopped_);
    }

    std::vector<Scanned> finish() {
        std::vector<Scanned> out(gatherings_.size());
        for (size_t t = 0; t < out.size(); ++t) {
            out[t].error = std::move(gatherings_[t].error);
            if (out[t].error) continue;
            settle(gatherings_[t], plan_);
            out[t].result = std::move(gatherings_[t].result);
        }
        return out;
    }

private:
    void work() {
        TableCursor cursor;
        for (size_t i; (i = next_.fetch_add(1)) < tasks_.size();) {
            const Task& task = tasks_[i];
            Gathering& gathering = gatherings_[task.table];
            try {
                Piece piece(plan_, task.stretch, task.type);
                piece.run(*tables_[task.table], cancel_, cursor);
                gather(gathering, piece, cursor.blocks());
            } catch (const TableError& e) {
                const std::lock_guard lock(gathering.mutex);
                // Of several places that are damaged the first is named, whichever thread came to one first.
                if (!gathering.error || e.offset < gathering.error->offset) gathering.error.emplace(e);
            } catch (...) {
                const std::lock_guard lock(stop_mutex_);
                if (!stopped_) stopped_ = std::current_exception();
                next_.store(tasks_.size());
            }
            cursor.trim();
        }
    }

    std::span<const std::shared_ptr<const Table>> tables_;
    const ScanPlan& plan_;
    const Cancel* cancel_;
    std::vector<Gathering> gatherings_;
    std::vector<Task> tasks_;
    std::atomic<size_t> next_{0};
    std::mutex stop_mutex_;
    std::exception_ptr stopped_;
};

}  // namespace

std::vector<Scanned> scan(std::span<const std::shared_ptr<const Table>> tables, const ScanPlan& plan, unsigned threads,
                          const Cancel* cancel) {
    Crew crew(tables, plan, cancel);
    crew.run(std::max(threads, 1u));
    return crew.finish();
}

}  // namespace dnstide
