#include "piece.h"

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

Piece::Piece(const ScanPlan& plan, const Stretch& stretch, uint8_t type)
    : plan_(plan),
      type_(type),
      classes_(plan.types.classes),
      all_(plan.types.all),
      borders_{stretch.start, stretch.stop},
      stop_(stretch.stop) {
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        if ((plan.groups[i].by == Grouping::rdata) != (type == kRdata)) continue;
        groupers_.emplace_back(plan.groups[i], plan.types, borders_);
        places_.push_back(i);
    }
    for (size_t i = 0; i < groupers_.size(); ++i) {
        const GroupSpec& spec = plan.groups[places_[i]];
        if (spec.by == Grouping::owner && owners_ == nullptr) {
            owners_ = &groupers_[i];
        } else {
            others_.push_back({&groupers_[i], &spec, 0});
        }
    }
}

void Piece::run(const Table& table, const Cancel* cancel, TableCursor& cursor) {
    const auto bytes = [](const std::string& s) { return Bytes(reinterpret_cast<const uint8_t*>(s.data()), s.size()); };
    const Bytes stop = bytes(stop_);
    cursor.attach(table, cancel);
    cursor.read_ahead(kReadAhead);
    try {
        TableCursor::At at = cursor.seek(bytes(borders_[0]));
        while (at == TableCursor::At::entry) {
            // Only the last block holds keys at or past the stop.
            const bool last = compare(cursor.separator(), stop) >= 0;
            BlockCursor& entries = cursor.entries();
            const uint8_t* const key_at = entries.key().data();  // the same for all of a block's keys
            if (last && compare(entries.key(), stop) >= 0) break;
            leave(in_common(entries.key(), last_), last_.data());
            row(entries.key(), entries.value(), owner_end_ == 0);
            bool done = false;
            bool left = false;
            entries.visit_rest([&](size_t common) { left = leave(common, key_at); },
                               [&](Bytes key, Bytes value) {
                                   if (last && compare(key, stop) >= 0) [[unlikely]] return !(done = true);
                                   row(key, value, left);
                                   return true;
                               });
            last_.assign(entries.key().begin(), entries.key().end());
            if (done) break;
            at = cursor.next_block();
        }
        leave(0, last_.data());
        for (Grouper& grouper : groupers_) grouper.advance(0, last_.data());
    } catch (const Malformed& m) {
        cursor.rethrow(m);
    }
}

void Piece::leave_owner(size_t same, const uint8_t* last) {
    flush_owner(last);
    for (Others& other : others_) other.grouper->advance(same, last);
    same_ = same;
    owner_end_ = 0;
}

void Piece::rrset_row(Bytes key, Bytes value, bool entered) {
    if (entered) enter_owner(key);
    size_t rest;
    const uint16_t type = read_rrtype(key, owner_end_, rest);
    const uint64_t count = read_count(value);
    ++rows_;
    types_.add(type, count);
    add_to_owner(type, count);
}

void Piece::enter_owner(Bytes key) {
    const size_t end = owner_end(key);
    for (Others& other : others_) other.size = group_size(*other.spec, key, end);
    owner_end_ = end;
}

void Piece::add_to_owner(uint16_t type, uint64_t count) {
    if (classes_ != 0) {
        if (const uint8_t cls = plan_.types.of[type]; cls != TypeClasses::none) owner_.add(cls, count);
    }
    if (all_) owner_.add(classes_, count);
}

// Labels that begin within the common bytes were walked before; from the last of them on they are new.
size_t Piece::owner_end(Bytes key) {
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

// Where the last label begins that begins at or before `at`; what begins later is forgotten.
size_t Piece::label_before(size_t at) {
    size_t word = std::min(at, kLongestName) / 64;
    for (size_t above = word + 1; above < label_starts_.size(); ++above) label_starts_[above] = 0;
    label_starts_[word] &= ~uint64_t{0} >> (63 - std::min(at, kLongestName) % 64);
    while (label_starts_[word] == 0 && word > 0) --word;
    return label_starts_[word] == 0 ? 1 : word * 64 + static_cast<size_t>(std::bit_width(label_starts_[word])) - 1;
}

void Piece::flush_owner(const uint8_t* last) {
    if (owner_.touched == 0) return;
    if (owners_ != nullptr) owners_->add_whole({last, owner_end_}, owner_);
    for (Others& other : others_) other.grouper->add(other.size, 0, owner_);
    owner_.clear();
}

size_t Piece::group_size(const GroupSpec& spec, Bytes key, size_t owner_end) {
    if (spec.by == Grouping::domain) {
        if (domain_closed_ && same_ >= domain_size_) return domain_size_;
        const SuffixTrie::Domain domain = plan_.suffixes->registered(key.data() + 1);
        domain_closed_ = domain.closed;
        return domain_size_ = 1 + domain.end;
    }
    if (spec.by == Grouping::owner) return owner_end;
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
    add_to_owner(row.rrtype, count);
    if (owner_.touched == 0) return;
    for (Grouper& grouper : groupers_) grouper.add(row.group, row.rrtype, owner_);
}

}  // namespace dnstide
