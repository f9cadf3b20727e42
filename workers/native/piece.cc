#include "piece.h"

#include <algorithm>
#include <bit>

#include "rows.h"

namespace dnstide {
namespace {

constexpr size_t kReadAhead = 256 * 1024;
constexpr size_t kStep = 32;
constexpr size_t kLongestName = 255;  // its closing zero stands at that place at the most: the key's first byte is no part of it

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
      stop_(stretch.stop),
      last_(1024) {
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
            uint32_t shared = 0;
            BlockCursor& entries = cursor.entries();
            do {
                const Bytes key = entries.key();
                if (last && compare(key, stop) >= 0) goto done;
                type_ == kRrset ? rrset_row(key, entries.value(), shared) : rdata_row(key, entries.value());
            } while (entries.next() && (shared = entries.shared(), true));
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
        // A name ends itself, so the owner is the same if all of its bytes are.
        const size_t same = in_common(key, shared);
        if (same < owner_end_ || owner_end_ == 0) new_owner(key, same, owner_end(key, same));
    }
    size_t rest;
    const uint16_t type = read_rrtype(key, owner_end_, rest);
    const uint64_t count = read_count(value);
    ++rows_;
    types_.add(type, count);
    add_to_owner(type, count);
}

void Piece::add_to_owner(uint16_t type, uint64_t count) {
    if (classes_ != 0) {
        if (const uint8_t cls = plan_.types.of[type]; cls != TypeClasses::none) owner_.add(cls, count);
    }
    if (all_) owner_.add(classes_, count);
}

// Labels that begin within the common bytes were walked before; from the last of them on they are new.
size_t Piece::owner_end(Bytes key, size_t same) {
    while (labels_ > 0 && label_starts_[labels_ - 1] > same) --labels_;
    size_t at = labels_ > 0 ? label_starts_[--labels_] : 1;
    while (at < key.size() && key[at] != 0) {
        if (key[at] > 63) not_dnstable("a label is longer than 63 bytes");
        if (at > kLongestName) break;
        label_starts_[labels_++] = static_cast<uint16_t>(at);
        at += 1 + size_t{key[at]};
    }
    if (at >= key.size()) not_dnstable("a name runs past its key");
    if (at > kLongestName) not_dnstable("a name is longer than 255 bytes");
    return at + 1;
}

void Piece::new_owner(Bytes key, size_t same, size_t end) {
    flush_owner();
    for (Others& other : others_) {
        other.grouper->advance(same, last_.data());
        other.size = group_size(*other.spec, key, same, end);
    }
    remember(key, same, end);
    owner_end_ = end;
}

void Piece::flush_owner() {
    if (owner_.touched == 0) return;
    if (owners_ != nullptr) owners_->add_whole({last_.data(), owner_end_}, owner_);
    for (Others& other : others_) other.grouper->add(other.size, 0, owner_);
    owner_.clear();
}

size_t Piece::group_size(const GroupSpec& spec, Bytes key, size_t same, size_t owner_end) {
    if (spec.by == Grouping::domain) {
        if (owner_end_ != 0 && domain_closed_ && same >= domain_size_) return domain_size_;
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
    const size_t same = in_common(key, 0);
    for (Grouper& grouper : groupers_) {
        grouper.advance(same, last_.data());
        grouper.add(row.group, row.rrtype, owner_);
    }
    remember(key, same, key.size());
}

void Piece::remember(Bytes key, size_t same, size_t end) {
    if (last_.size() < end + kStep) last_.resize(2 * end + kStep);
    if (end - same <= kStep && key.size() - same >= kStep) [[likely]] {
        std::memcpy(last_.data() + same, key.data() + same, kStep);  // of a size that is known, so without a call
    } else if (end > same) {
        std::memcpy(last_.data() + same, key.data() + same, end - same);
    }
    last_size_ = end;
}

// How many leading bytes the key has in common with what is remembered, given that the first `from` are.
size_t Piece::in_common(Bytes key, size_t from) const {
    const size_t most = std::min(key.size(), last_size_);
    size_t same = std::min(from, most);
    if (same < most && key[same] != last_[same]) return same;
    while (same + 8 <= most) {
        const uint64_t differs = load_le64(key.data() + same) ^ load_le64(last_.data() + same);
        if (differs != 0) return same + static_cast<size_t>(std::countr_zero(differs)) / 8;
        same += 8;
    }
    while (same < most && key[same] == last_[same]) ++same;
    return same;
}

}  // namespace dnstide
