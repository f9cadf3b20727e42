#include "range_scanner.h"

#include <algorithm>
#include <bit>

namespace dnstide {
namespace {

constexpr size_t kReadAhead = 256 * 1024;
constexpr size_t kLongestName = 255;  // the key's first byte is no part of it, so its closing zero stands there at the most

}  // namespace

void TypeTotals::add_to(std::map<uint16_t, TypeTotal>& out) const {
    const auto add = [&out](uint16_t type, const TypeTotal& total) {
        if (total.rows == 0) return;
        out[type].rows += total.rows;
        out[type].count += total.count;
    };
    for (size_t type = 0; type < common_.size(); ++type) add(static_cast<uint16_t>(type), common_[type]);
    for (const auto& [type, total] : rare_) add(type, total);
}

RangeScanner::RangeScanner(const ScanPlan& plan, const KeyInterval& interval, uint8_t type)
    : plan_(plan),
      type_(type),
      classes_(plan.types.classes),
      all_(plan.types.all),
      borders_{interval.start, interval.stop},
      stop_(interval.stop) {
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        if ((plan.groups[i].by == Grouping::rdata) != (type == kRdata)) continue;
        groupers_.emplace_back(plan.groups[i], plan.types, borders_);
        places_.push_back(i);
    }
    for (size_t i = 0; i < groupers_.size(); ++i) {
        const GroupSpec& spec = plan.groups[places_[i]];
        if (spec.by == Grouping::fqdn && owners_ == nullptr) {
            owners_ = &groupers_[i];
        } else {
            others_.push_back({&groupers_[i], &spec, 0});
        }
    }
}

void RangeScanner::run(const Table& table, const Cancel* cancel, TableCursor& cursor) {
    const Bytes stop = bytes_of(stop_);
    cursor_ = &cursor;
    cursor.attach(table, cancel);
    cursor.read_ahead(kReadAhead);
    try {
        TableCursor::At at = cursor.seek(bytes_of(borders_[0]));
        cursor.require_none_before();
        while (at == TableCursor::At::entry) {
            // Only the last block holds keys at or past the stop.
            const bool last = compare(cursor.separator(), stop) >= 0;
            BlockCursor& entries = cursor.entries();
            const uint8_t* const key_at = entries.key().data();  // the same for all of a block's keys
            if (last && compare(entries.key(), stop) >= 0) break;
            on_prefix_end(in_common(entries.key(), last_), last_.data());
            row(entries.key(), entries.value(), owner_end_ == 0);
            bool done = false;
            bool entered = false;
            entries.visit_rest([&](size_t common) { entered = on_prefix_end(common, key_at); },
                               [&](Bytes key, Bytes value) {
                                   if (last && compare(key, stop) >= 0) [[unlikely]] return !(done = true);
                                   row(key, value, entered);
                                   return true;
                               });
            last_.assign(entries.key().begin(), entries.key().end());
            if (done) break;
            at = cursor.next_block();
        }
        on_prefix_end(0, last_.data());
        for (Grouper& grouper : groupers_) grouper.on_prefix_end(0, last_.data());
    } catch (const Malformed& m) {
        cursor.rethrow(m);
    }
}

void RangeScanner::close_owner(size_t same, const uint8_t* last) {
    flush_owner(last);
    for (OtherGrouping& other : others_) other.grouper->on_prefix_end(same, last);
    same_ = same;
    owner_end_ = 0;
}

// Leaves an odd row out. Its key is in order with the others, so that what its prefix has closed is closed for them too; but
// where its owner is none, the next row has to enter its own, and no domain is known.
void RangeScanner::skip(const Malformed& m) {
    require_odd_row(m);
    skipped_.add(cursor_->extent().offset, m.reason);
    domain_closed_ = false;
}

void RangeScanner::rrset_row(Bytes key, Bytes value, bool entered) {
    if (entered) enter_owner(key);
    size_t rest;
    const uint16_t type = read_rrtype(key, owner_end_, rest);
    require_records(key, rest);
    const uint64_t count = read_count(value);
    ++rows_;
    types_.add(type, count);
    add_to_owner(type, count);
}

void RangeScanner::enter_owner(Bytes key) {
    const size_t end = owner_end(key);
    for (OtherGrouping& other : others_) other.size = group_size(*other.spec, key, end);
    owner_end_ = end;
}

void RangeScanner::add_to_owner(uint16_t type, uint64_t count) {
    if (classes_ != 0) {
        if (const uint8_t cls = plan_.types.of[type]; cls != TypeClasses::none) owner_.add(cls, count);
    }
    if (all_) owner_.add(classes_, count);
}

// Labels that begin within the common bytes were walked before, so the walk starts at the last of them.
size_t RangeScanner::owner_end(Bytes key) {
    if (same_ < last_label_) [[unlikely]] last_label_ = label_before(same_);
    size_t at = last_label_;
    while (at < key.size() && key[at] != 0) {
        if (key[at] > 63) not_dnstable("a label is longer than 63 bytes");
        if (at > kLongestName) break;
        label_starts_[at / 64] |= uint64_t{1} << at % 64;
        last_label_ = at;
        at += 1 + size_t{key[at]};
    }
    if (at >= key.size()) not_dnstable("a name runs past its key");
    if (at > kLongestName) not_dnstable("a name is longer than 255 bytes");
    return at + 1;
}

// Returns where the last label begins that begins at or before `at`, and forgets those that begin later.
size_t RangeScanner::label_before(size_t at) {
    size_t word = std::min(at, kLongestName) / 64;
    for (size_t above = word + 1; above < label_starts_.size(); ++above) label_starts_[above] = 0;
    label_starts_[word] &= ~uint64_t{0} >> (63 - std::min(at, kLongestName) % 64);
    while (label_starts_[word] == 0 && word > 0) --word;
    return label_starts_[word] == 0 ? 1 : word * 64 + static_cast<size_t>(std::bit_width(label_starts_[word])) - 1;
}

void RangeScanner::flush_owner(const uint8_t* last) {
    if (owner_.touched == 0) return;
    if (owners_ != nullptr) owners_->add_whole({last, owner_end_}, owner_);
    for (OtherGrouping& other : others_) other.grouper->add(other.size, 0, owner_);
    owner_.clear();
}

size_t RangeScanner::group_size(const GroupSpec& spec, Bytes key, size_t owner_end) {
    if (spec.by == Grouping::domain) {
        if (domain_closed_ && same_ >= domain_size_) return domain_size_;
        const SuffixTrie::Domain domain = plan_.suffixes->registered(key.data() + 1);
        domain_closed_ = domain.closed;
        return domain_size_ = 1 + domain.end;
    }
    if (spec.by == Grouping::fqdn) return owner_end;
    size_t at = 1;
    unsigned labels = spec.by == Grouping::tld ? 1 : spec.depth;
    while (labels > 0 && key[at] != 0) {
        at += 1 + size_t{key[at]};
        --labels;
    }
    return labels == 0 ? at : owner_end;
}

void RangeScanner::rdata_row(Bytes key, Bytes value) {
    const RdataRow row = read_rdata_row(key);
    const uint64_t count = read_count(value);
    const std::string& under = plan_.rdata_owners;
    if (row.sliced) return;
    ++rows_;
    if (!under.empty() && !starts_with(key.subspan(row.owner, row.owner_end - row.owner), bytes_of(under))) return;
    owner_.clear();
    add_to_owner(row.rrtype, count);
    if (owner_.touched == 0) return;
    for (Grouper& grouper : groupers_) grouper.add(row.group, row.rrtype, owner_);
}

}  // namespace dnstide
