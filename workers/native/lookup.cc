#include "lookup.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>

#include "kept.h"
#include "pool.h"
#include "rrset.h"
#include "table_cursor.h"

namespace dnstide {
namespace {

using At = TableCursor::At;

// How much of a wide prefix is asked for ahead; past that the system's own read-ahead has seen the pattern.
constexpr uint64_t kAhead = uint64_t{4} << 20;

// What a thread keeps from call to call, so that a lookup allocates nothing per table.
struct Scratch {
    TableCursor cursor;
    Tally tally;
    std::vector<uint32_t> active;
};

// One table's share of a lookup.
class Look {
public:
    Look(const LookupRequest& request, std::span<const uint32_t> order, Scratch& scratch)
        : request_(request), order_(order), cursor_(scratch.cursor), tally_(scratch.tally), active_(scratch.active) {}

    // False where the table must be read from the disk and `wait` is false; what it needs has then been asked for.
    // Otherwise tally and rows hold its answer. Throws TableError.
    bool run(size_t table, bool wait) {
        tally_.clear();
        active_.clear();
        rows_ = 0;
        fixed_ = request_.table_buckets.empty() ? -1 : request_.table_buckets[table];
        cursor_.attach(*request_.tables[table], request_.cancel, request_.cache);
        cursor_.wait(wait);
        next_ = 0;
        while (next_ < order_.size()) {
            const uint64_t blocks = cursor_.blocks();
            const At at = cursor_.seek_prefix(prefix(order_[next_]));
            if (cursor_.blocks() != blocks) require_dnstable_block();
            if (at == At::cold) {
                ask_ahead();
                if (cursor_.blocks() == 0) return false;
                cursor_.wait(true);
                continue;
            }
            if (at == At::end) {
                ++next_;
            } else {
                walk();
            }
        }
        return true;
    }

    uint64_t rows() const { return rows_; }

private:
    Bytes prefix(uint32_t query) const { return bytes_of(request_.queries[query].prefix); }

    // From the first row of the next query to the last row that any open query wants. Prefixes nest or lie apart, so the
    // open ones form a stack: where the innermost goes on, so do all.
    void walk() {
        try {
            for (;;) {
                const Bytes key = cursor_.key();
                drop_ended(key);
                for (; next_ < order_.size() && compare(prefix(order_[next_]), key) <= 0; ++next_) {
                    if (starts_with(key, prefix(order_[next_]))) active_.push_back(order_[next_]);
                }
                if (active_.empty()) return;
                row(key);
                if (!cursor_.next() && !cross()) return;
            }
        } catch (const Malformed& m) {
            cursor_.rethrow(m);
        }
    }

    // Else a table of something else would pass for one without rows.
    void require_dnstable_block() {
        try {
            require_dnstable(cursor_.entries().first_key());
        } catch (const Malformed& m) {
            cursor_.rethrow(m);
        }
    }

    void drop_ended(Bytes key) {
        while (!active_.empty() && !starts_with(key, prefix(active_.back()))) active_.pop_back();
    }

    // Into the next block, where an open query can have rows there.
    bool cross() {
        drop_ended(cursor_.separator());
        if (active_.empty()) return false;
        At at = cursor_.next_block();
        if (at == At::cold) {
            ask_ahead();
            cursor_.wait(true);
            at = cursor_.next_block();
        }
        if (at == At::end) {
            active_.clear();
            return false;
        }
        require_dnstable_block();
        return true;
    }

    void row(Bytes key) {
        const RrsetKey parts = read_rrset_key(key);
        const Triplet triplet = read_triplet(cursor_.value());
        const int64_t bucket = fixed_ >= 0 ? fixed_ : request_.buckets.find(triplet.first);
        if (bucket < 0) return;
        const uint16_t rrtype = request_.split_by_rrtype ? parts.rrtype : 0;
        for (const uint32_t number : active_) {
            const Query& query = request_.queries[number];
            if (!query.filter.passes(parts.rrtype) || !query.filter.passes(parts.bailiwick)) continue;
            tally_.add(number, rrtype, static_cast<uint32_t>(bucket), triplet.count);
            ++rows_;
        }
    }

    void ask_ahead() {
        for (const uint32_t query : active_) cursor_.will_need(cursor_.separator(), prefix(query), kAhead);
        for (size_t i = next_; i < order_.size(); ++i) cursor_.will_need(prefix(order_[i]), prefix(order_[i]), kAhead);
    }

    const LookupRequest& request_;
    std::span<const uint32_t> order_;
    TableCursor& cursor_;
    Tally& tally_;
    std::vector<uint32_t>& active_;
    size_t next_ = 0;
    uint64_t rows_ = 0;
    int64_t fixed_ = -1;
};

class Run {
public:
    explicit Run(const LookupRequest& request) : request_(request), order_(request.queries.size()) {
        std::iota(order_.begin(), order_.end(), 0u);
        std::ranges::stable_sort(order_, [&](uint32_t a, uint32_t b) {
            return request_.queries[a].prefix < request_.queries[b].prefix;
        });
    }

    LookupAnswer answer() {
        if (request_.cancel != nullptr) request_.cancel->check();
        std::vector<uint32_t> tables(request_.tables.size());
        std::iota(tables.begin(), tables.end(), 0u);
        pass(tables, false);
        std::ranges::sort(cold_);
        pass(std::exchange(cold_, {}), true);
        std::ranges::sort(answer_.failures, {}, &std::pair<uint32_t, TableError>::first);
        answer_.counts = total_.take_sorted();
        return std::move(answer_);
    }

private:
    void pass(const std::vector<uint32_t>& tables, bool wait) {
        if (tables.empty()) return;
        const auto threads = static_cast<unsigned>(std::min<size_t>(request_.threads, tables.size()));
        std::atomic<size_t> next{0};
        Pool::shared().run(threads, [&] { work(tables, wait, next); });
        if (trouble_) std::rethrow_exception(trouble_);
        if (total_.overflow()) throw CountOverflow();
    }

    void work(const std::vector<uint32_t>& tables, bool wait, std::atomic<size_t>& next) {
        Scratch& scratch = kept<Scratch, Run>();
        Look look(request_, order_, scratch);
        Tally sums;
        std::vector<uint32_t> cold;
        uint64_t rows = 0, blocks = 0;
        try {
            for (size_t i; !stop_ && (i = next.fetch_add(1, std::memory_order_relaxed)) < tables.size();) {
                const uint32_t table = tables[i];
                try {
                    if (look.run(table, wait)) {
                        sums.add(scratch.tally);
                        rows += look.rows();
                    } else {
                        cold.push_back(table);
                    }
                } catch (const TableError& e) {
                    const std::lock_guard lock(mutex_);
                    answer_.failures.emplace_back(table, e);
                }
                blocks += scratch.cursor.blocks();
            }
        } catch (...) {
            stop_ = true;
            const std::lock_guard lock(mutex_);
            if (!trouble_) trouble_ = std::current_exception();
        }
        scratch.cursor.trim();
        const std::lock_guard lock(mutex_);
        try {
            if (total_.empty()) {
                std::swap(total_, sums);
            } else {
                total_.add(sums);
            }
            cold_.insert(cold_.end(), cold.begin(), cold.end());
        } catch (...) {
            if (!trouble_) trouble_ = std::current_exception();
        }
        answer_.rows += rows;
        answer_.blocks += blocks;
    }

    const LookupRequest& request_;
    std::vector<uint32_t> order_;
    std::mutex mutex_;
    std::atomic<bool> stop_{false};
    std::exception_ptr trouble_;
    Tally total_;
    std::vector<uint32_t> cold_;
    LookupAnswer answer_;
};

}  // namespace

LookupAnswer lookup(const LookupRequest& request) { return Run(request).answer(); }

}  // namespace dnstide
