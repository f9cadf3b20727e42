#include "piece.h"

#include <algorithm>

#include "rows.h"

namespace dnstide {

void TypeTotals::add_to(std::map<uint16_t, TypeTotal>& out) const {
    const auto add = [&out](uint16_t type, const TypeTotal& total) {
        if (total.rows == 0) return;
        out[type].rows += total.rows;
        out[type].count += total.count;
    };
    for (size_t type = 0; type < common_.size(); ++type) add(static_cast<uint16_t>(type), common_[type]);
    for (const auto& [type, total] : rare_) add(type, total);
}

Piece::Piece(const ScanPlan& plan, const Stretch& stretch, uint8_t type)
    : plan_(plan), type_(type), borders_{stretch.start, stretch.stop}, stop_(stretch.stop), last_(1024) {
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        if ((plan.groups[i].by == Grouping::rdata) != (type == kRdata)) continue;
        groupers_.emplace_back(plan.groups[i], plan.types, borders_);
        places_.push_back(i);
    }
    sizes_.resize(groupers_.size());
}

void Piece::run(const Table& table, const Cancel* cancel, TableCursor& cursor) {
    const auto bytes = [](const std::string& s) { return Bytes(reinterpret_cast<const uint8_t*>(s.data()), s.size()); };
    const Bytes stop = bytes(stop_);
    cursor.attach(table, cancel);
    try {
        TableCursor::At at = cursor.seek(bytes(borders_[0]));
        while (at == TableCursor::At::entry) {
            // Only the last block holds keys at or past the stop.
            const bool last = compare(cursor.separator(), stop) >= 0;
            uint32_t shared = 0;
            do {
                const Bytes key = cursor.key();
                if (last && compare(key, stop) >= 0) goto done;
                type_ == kRrset ? rrset_row(key, cursor.value(), shared) : rdata_row(key, cursor.value());
            } while (cursor.next() && (shared = cursor.shared(), true));
            at = cursor.next_block();
        }
    done:
        if (type_ == kRrset) flush_owner();
        for (Grouper& grouper : groupers_) grouper.finish(last_.data());
    } catch (const Malformed& m) {
        cursor.rethrow(m);
    }
}

void Piece::rrset_row(Bytes key, Bytes value, uint32_t shared) {
    if (shared < owner_end_ || owner_end_ == 0) {
        const size_t end = name_end(key, 1);
        const size_t same = in_common(key, shared);
        if (same < end || end != owner_end_) new_owner(key, same, end);
    }
    size_t rest;
    const uint16_t type = read_rrtype(key, owner_end_, rest);
    const uint64_t count = read_count(value);
    ++rows_;
    types_.add(type, count);
    if (const uint8_t cls = plan_.types.of[type]; cls != TypeClasses::none) owner_.add(cls, count);
    if (plan_.types.all) owner_.add(plan_.types.classes, count);
}

void Piece::new_owner(Bytes key, size_t same, size_t end) {
    flush_owner();
    for (size_t i = 0; i < groupers_.size(); ++i) {
        const GroupSpec& spec = plan_.groups[places_[i]];
        if (spec.by == Grouping::owner) continue;
        groupers_[i].advance(same, last_.data());
        sizes_[i] = group_size(spec, key, same, end);
    }
    remember(key, same, end);
    owner_end_ = end;
}

void Piece::flush_owner() {
    if (owner_.touched == 0) return;
    for (size_t i = 0; i < groupers_.size(); ++i) {
        if (plan_.groups[places_[i]].by == Grouping::owner) {
            groupers_[i].add_whole({last_.data(), owner_end_}, owner_);
        } else {
            groupers_[i].add(sizes_[i], 0, owner_);
        }
    }
    owner_.clear();
}

size_t Piece::group_size(const GroupSpec& spec, Bytes key, size_t same, size_t owner_end) {
    if (spec.by == Grouping::domain) {
        if (owner_end_ != 0 && domain_closed_ && same >= domain_size_) return domain_size_;
        const SuffixTrie::Domain domain = plan_.suffixes->registered(key.data() + 1);
        domain_closed_ = domain.closed;
        return domain_size_ = 1 + domain.end;
    }
    size_t at = 1;
    unsigned left = spec.by == Grouping::tld ? 1 : spec.depth;
    while (left > 0 && key[at] != 0) {
        at += 1 + size_t{key[at]};
        --left;
    }
    return left == 0 ? at : owner_end;
}

void Piece::rdata_row(Bytes key, Bytes value) {
    const RdataRow row = read_rdata_row(key);
    const uint64_t count = read_count(value);
    const std::string& under = plan_.rdata_owners;
    if (row.sliced) return;
    ++rows_;
    if (!under.empty() && !starts_with(key.subspan(row.owner, row.owner_end - row.owner),
                                       {reinterpret_cast<const uint8_t*>(under.data()), under.size()})) {
        return;
    }
    owner_.clear();
    if (const uint8_t cls = plan_.types.of[row.rrtype]; cls != TypeClasses::none) owner_.add(cls, count);
    if (plan_.types.all) owner_.add(plan_.types.classes, count);
    if (owner_.touched == 0) return;
    const size_t same = in_common(key, 0);
    for (Grouper& grouper : groupers_) {
        grouper.advance(same, last_.data());
        grouper.add(row.group, row.rrtype, owner_);
    }
    remember(key, same, key.size());
}

void Piece::remember(Bytes key, size_t same, size_t end) {
    if (last_.size() < end) last_.resize(end * 2);
    if (end > same) std::memcpy(last_.data() + same, key.data() + same, end - same);
    last_size_ = end;
}

// How many leading bytes the key has in common with what is remembered, given that the first `from` are.
size_t Piece::in_common(Bytes key, size_t from) const {
    const size_t most = std::min(key.size(), last_size_);
    size_t same = std::min(from, most);
    while (same < most && key[same] == last_[same]) ++same;
    return same;
}

}  // namespace dnstide
