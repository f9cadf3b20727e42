#include "sums.h"

#include <algorithm>
#include <numeric>

#include "parallel.h"
#include "rows.h"
#include "table_cursor.h"

namespace dnstide {
namespace {

// One group: the prefix of its keys, and how to tell them from other keys with that prefix.
struct Target {
    std::string prefix;
    uint32_t key;
    size_t domain = 0;  // where the registered domain ends within an owner; 0 where the prefix alone decides
    uint16_t type = 0;
};

Target target(const SumPlan& plan, uint32_t i) {
    const std::string& key = plan.keys[i];
    Target t{std::string(), i};
    if (plan.by == Grouping::rdata) {
        t.type = static_cast<uint16_t>(static_cast<uint8_t>(key[0]) << 8 | static_cast<uint8_t>(key[1]));
        t.prefix = std::string(1, char{kRdata}) + key.substr(2);
        uint32_t type = t.type;
        for (; type > 0x7f; type >>= 7) t.prefix.push_back(static_cast<char>((type & 0x7f) | 0x80));
        t.prefix.push_back(static_cast<char>(type));
        return t;
    }
    t.prefix = std::string(1, char{kRrset}) + key;
    if (plan.by == Grouping::fqdn) return t;
    if (plan.by == Grouping::domain) {
        const SuffixTrie::Domain domain = plan.suffixes->registered(bytes_of(key).data());
        if (domain.end == key.size()) return t;  // it has no registered domain and stands for itself
        if (!domain.closed) t.domain = domain.end;
    }
    if (plan.by == Grouping::tld && key.size() == 1) return t;
    t.prefix.pop_back();
    return t;
}

// Adds up the wanted groups of one table after the other.
class PointSummer {
public:
    explicit PointSummer(const SumPlan& plan) : plan_(plan) {}

    void run(const Table& table, const std::vector<uint32_t>& wanted, const Cancel* cancel, SumOutcome& outcome) {
        outcome.counts.assign(wanted.size(), 0);
        std::vector<Target> targets;
        for (const uint32_t i : wanted) targets.push_back(target(plan_, i));
        std::vector<size_t> order(targets.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::sort(order.begin(), order.end(),
                  [&](size_t a, size_t b) { return compare(bytes_of(targets[a].prefix), bytes_of(targets[b].prefix)) < 0; });
        cursor_.attach(table, cancel);
        for (const size_t i : order) outcome.counts[i] = sum(targets[i]);
        cursor_.trim();
    }

private:
    uint64_t sum(const Target& t) {
        const Bytes prefix = bytes_of(t.prefix);
        uint64_t total = 0;
        TableCursor::At at = cursor_.seek_prefix(prefix);
        while (at == TableCursor::At::entry) {
            do {
                if (!starts_with(cursor_.key(), prefix)) return total;
                add(t, total);
            } while (cursor_.next());
            if (!starts_with(cursor_.separator(), prefix)) return total;
            at = cursor_.next_block();
        }
        return total;
    }

    void add(const Target& t, uint64_t& total) {
        try {
            const Bytes key = cursor_.key();
            uint16_t type;
            if (plan_.by == Grouping::rdata) {
                const RdataRow row = read_rdata_row(key);
                if (row.sliced || row.group != t.prefix.size() || row.rrtype != t.type) return;
                type = row.rrtype;
            } else {
                size_t rest;
                const size_t end = name_end(key, 1);
                if (t.domain != 0 && plan_.suffixes->registered(key.data() + 1).end != t.domain) return;
                type = read_rrtype(key, end, rest);
                require_records(key, rest);
            }
            if (!plan_.types.empty() && !plan_.types[type]) return;
            if (__builtin_add_overflow(total, read_count(cursor_.value()), &total)) throw CountOverflow();
        } catch (const Malformed& m) {
            if (m.code != Code::not_dnstable) cursor_.rethrow(m);  // an odd row, which is told of by whoever found the keys
        }
    }

    const SumPlan& plan_;
    TableCursor cursor_;
};

}  // namespace

std::vector<SumOutcome> sum_groups(std::span<const std::shared_ptr<const Table>> tables, const SumPlan& plan,
                                   unsigned threads, const Cancel* cancel) {
    std::vector<SumOutcome> outcomes(tables.size());
    run_tasks(tables.size(), threads, [&](TaskQueue& queue) {
        PointSummer summer(plan);
        for (size_t t; queue.take(t);) {
            if (plan.wanted[t].empty()) continue;
            try {
                summer.run(*tables[t], plan.wanted[t], cancel, outcomes[t]);
            } catch (const TableError& e) {
                outcomes[t].error.emplace(e);
            }
        }
    });
    return outcomes;
}

}  // namespace dnstide
