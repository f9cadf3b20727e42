#include "lookup.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "parallel.h"
#include "rrset.h"
#include "table_cursor.h"
#include "thread_scratch.h"

namespace dnstide {
namespace {

using At = TableCursor::At;

// How many bytes of a wide prefix are requested ahead; past that the system's own read-ahead has seen the pattern.
constexpr uint64_t kMaxAhead = uint64_t{4} << 20;

// A thread keeps this from call to call, so that a lookup allocates nothing per table.
struct Scratch {
    TableCursor cursor;
    Tally tally;
    std::vector<uint32_t> active;
    std::vector<SkippedRows> skipped;
};

// One table's share of a lookup.
class TableLookup {
public:
    TableLookup(const LookupRequest& request, std::span<const uint32_t> order, Scratch& scratch)
        : request_(request), order_(order), cursor_(scratch.cursor), tally_(scratch.tally), active_(scratch.active), skipped_(scratch.skipped) {}

    // Returns false where the table must be read from the disk and `wait` is false; its blocks are then requested from
    // the system. Otherwise tally and rows hold the table's answer. Throws TableError.
    bool run(size_t table, bool wait) {
        tally_.clear();
        active_.clear();
        skipped_.clear();
        rows_ = 0;
        outside_ = {};
        number_ = static_cast<uint32_t>(table);
        fixed_ = request_.table_buckets.empty() ? -1 : request_.table_buckets[table];
        cursor_.attach(*request_.tables[table], request_.cancel, request_.cache);
        cursor_.wait(wait);
        next_ = 0;
        while (next_ < order_.size()) {
            const uint64_t blocks = cursor_.blocks();
            const At at = cursor_.seek_prefix(prefix(order_[next_]));
            if (cursor_.blocks() != blocks) require_dnstable_block();
            if (at == At::cold) {
                request_ahead();
                if (cursor_.blocks() == 0) return false;
                cursor_.wait(true);
                continue;
            }
            if (at == At::end) {
                ++next_;
            } else {
                // A name is looked for where the index says; whoever asks for everything is to get everything.
                if (prefix(order_[next_]).size() == 1) cursor_.require_none_before();
                walk();
            }
        }
        return true;
    }

    uint64_t rows() const { return rows_; }
    const Times& outside() const { return outside_; }

private:
    Bytes prefix(uint32_t query) const { return bytes_of(request_.queries[query].prefix); }

    // Walks from the first row of the next query to the last row that any open query wants. Prefixes nest or lie apart,
    // so the open ones form a stack: where the innermost goes on, so do all.
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

    // Without this check a table of something else would pass for one without rows. Odd rows may stand first in a block, or
    // fill it; where no key of a block can be a row, and none describes the table at its end, it is of something else.
    void require_dnstable_block() {
        try {
            require_dnstable(cursor_.entries().first_key());
        } catch (const Malformed& m) {
            if (!has_dnstable_key() && !is_described()) cursor_.rethrow(m);
        }
    }

    bool is_described() const {
        BlockCursor index;
        index.reset(cursor_.table().index());
        uint8_t last = 0;
        while (index.next()) last = index.key().empty() ? 0 : index.key()[0];
        return last >= kFirstDescription;
    }

    bool has_dnstable_key() {
        BlockCursor entries;
        entries.reset(cursor_.entries().block());
        while (entries.next()) {
            try {
                require_dnstable(entries.key());
                return true;
            } catch (const Malformed&) {
                continue;
            }
        }
        return false;
    }

    void drop_ended(Bytes key) {
        while (!active_.empty() && !starts_with(key, prefix(active_.back()))) active_.pop_back();
    }

    // Steps into the next block where an open query can have rows there; false where none can.
    bool cross() {
        drop_ended(cursor_.separator());
        if (active_.empty()) return false;
        At at = cursor_.next_block();
        if (at == At::cold) {
            request_ahead();
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
        RrsetKey parts;
        Triplet triplet;
        bool has_key = false;
        try {
            parts = read_rrset_key(key);
            has_key = true;
            triplet = read_triplet(cursor_.value());
        } catch (const Malformed& m) {
            require_odd_row(m);
            skip(m, has_key ? &parts : nullptr);
            return;
        }
        const int64_t bucket = fixed_ >= 0 ? fixed_ : request_.buckets.find(triplet.first);
        if (bucket < 0) {
            if (wanted(parts)) outside_.add({triplet.first, triplet.first});
            return;
        }
        const uint16_t rrtype = request_.split_by_rrtype ? parts.rrtype : 0;
        for (const uint32_t number : active_) {
            const Query& query = request_.queries[number];
            if (!passes(query.filter, parts)) continue;
            tally_.add(number, rrtype, static_cast<uint32_t>(bucket), triplet.count);
            ++rows_;
        }
    }

    // Whether any open query takes the row.
    bool wanted(const RrsetKey& parts) const {
        return std::ranges::any_of(active_, [&](uint32_t number) { return passes(request_.queries[number].filter, parts); });
    }

    static bool passes(const RowFilter& filter, const RrsetKey& parts) {
        return filter.passes(parts.rrtype) && filter.passes(parts.bailiwick) && filter.passes_owner(parts.owner);
    }

    // Leaves an odd row out, for the queries that would count it as far as its key, where it has one, can tell.
    [[gnu::cold, gnu::noinline]] void skip(const Malformed& m, const RrsetKey* parts) {
        for (const uint32_t number : active_) {
            if (parts != nullptr && !passes(request_.queries[number].filter, *parts)) continue;
            const auto known = std::ranges::find(skipped_, number, &SkippedRows::query);
            SkippedRows& of_query =
                known != skipped_.end() ? *known : skipped_.emplace_back(SkippedRows{number, number_, {}});
            of_query.skipped.add(cursor_.extent().offset, m.reason);
        }
    }

    void request_ahead() {
        for (const uint32_t query : active_) cursor_.will_need(cursor_.separator(), prefix(query), kMaxAhead);
        for (size_t i = next_; i < order_.size(); ++i) cursor_.will_need(prefix(order_[i]), prefix(order_[i]), kMaxAhead);
    }

    const LookupRequest& request_;
    std::span<const uint32_t> order_;
    TableCursor& cursor_;
    Tally& tally_;
    std::vector<uint32_t>& active_;
    std::vector<SkippedRows>& skipped_;
    uint32_t number_ = 0;  // of the table
    size_t next_ = 0;
    uint64_t rows_ = 0;
    Times outside_;
    int64_t fixed_ = -1;
};

// Gives a cursor's unusually large memory back, however the work ends.
struct TrimAtEnd {
    TableCursor& cursor;
    ~TrimAtEnd() { cursor.trim(); }
};

// One lookup over all tables: runs two passes, and adds up the results of the threads.
class LookupJob {
public:
    explicit LookupJob(const LookupRequest& request) : request_(request), order_(request.queries.size()) {
        std::iota(order_.begin(), order_.end(), 0u);
        std::ranges::stable_sort(order_, [&](uint32_t a, uint32_t b) {
            return request_.queries[a].prefix < request_.queries[b].prefix;
        });
    }

    LookupAnswer run() {
        if (request_.cancel != nullptr) request_.cancel->check();
        std::vector<uint32_t> tables(request_.tables.size());
        std::iota(tables.begin(), tables.end(), 0u);
        pass(tables, false);
        std::ranges::sort(cold_);
        pass(std::exchange(cold_, {}), true);
        std::ranges::sort(answer_.failures, {}, &std::pair<uint32_t, TableError>::first);
        std::ranges::sort(answer_.skipped, {}, [](const SkippedRows& s) { return std::pair(s.query, s.table); });
        answer_.counts = total_.take_sorted();
        return std::move(answer_);
    }

private:
    void pass(const std::vector<uint32_t>& tables, bool wait) {
        run_tasks(tables.size(), request_.threads, [&](TaskQueue& queue) { work(tables, wait, queue); });
        if (total_.overflow()) throw CountOverflow();
    }

    void work(const std::vector<uint32_t>& tables, bool wait, TaskQueue& queue) {
        Scratch& scratch = thread_scratch<Scratch, LookupJob>();
        const TrimAtEnd trim{scratch.cursor};
        TableLookup table_lookup(request_, order_, scratch);
        Tally sums;
        std::vector<uint32_t> cold;
        uint64_t rows = 0, blocks = 0;
        Times outside;
        for (size_t task; queue.take(task);) {
            const uint32_t table = tables[task];
            try {
                if (table_lookup.run(table, wait)) {
                    sums.add(scratch.tally);
                    rows += table_lookup.rows();
                    outside.add(table_lookup.outside());
                    if (!scratch.skipped.empty()) {
                        const std::lock_guard lock(mutex_);
                        answer_.skipped.insert(answer_.skipped.end(), scratch.skipped.begin(), scratch.skipped.end());
                    }
                } else {
                    cold.push_back(table);
                }
            } catch (const TableError& e) {
                const std::lock_guard lock(mutex_);
                answer_.failures.emplace_back(table, e);
            }
            blocks += scratch.cursor.blocks();
        }
        const std::lock_guard lock(mutex_);
        if (total_.empty()) {
            std::swap(total_, sums);
        } else {
            total_.add(sums);
        }
        cold_.insert(cold_.end(), cold.begin(), cold.end());
        answer_.rows += rows;
        answer_.outside.add(outside);
        answer_.blocks += blocks;
    }

    const LookupRequest& request_;
    std::vector<uint32_t> order_;  // the queries by their prefixes
    std::mutex mutex_;
    Tally total_;
    std::vector<uint32_t> cold_;  // tables that the first pass left to the second
    LookupAnswer answer_;
};

}  // namespace

LookupAnswer lookup(const LookupRequest& request) { return LookupJob(request).run(); }

}  // namespace dnstide
