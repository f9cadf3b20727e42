#include "table_cursor.h"

#include <algorithm>

namespace dnstide {

void TableCursor::attach(const Table& table, const Cancel* cancel, BlockCache* cache) {
    table_ = &table;
    cancel_ = cancel;
    wait_ = true;
    loaded_ = false;
    pending_ = false;
    blocks_ = 0;
    advised_ = 0;
    extent_ = {};
    reader_.use(cache);
    reader_.read_ahead(0);
    reader_.forget();
    index_.reset(table.index());
}

void TableCursor::rethrow(const Malformed& m) const { throw table_->error(m, extent_.offset); }

TableCursor::At TableCursor::load() {
    if (cancel_ != nullptr) cancel_->check();
    loaded_ = false;
    extent_ = table_->extent(index_);
    Block block;
    if (!reader_.read(*table_, extent_, wait_, block)) return At::cold;
    ++blocks_;
    entries_.reset(block);
    entries_.next();
    if (compare(entries_.key(), separator()) > 0) malformed("first key is greater than the index allows");
    loaded_ = true;
    return At::entry;
}

// The first key lies in the range that the index gives to this block, and to no other.
void TableCursor::require_in_place() {
    entries_.reset(entries_.block());
    entries_.next();
    probe_.reset(table_->index());
    if (!probe_.seek(entries_.key()) || compare(probe_.key(), separator()) != 0) {
        malformed("first key is less than the index allows");
    }
    while (entries_.next()) {
    }
}

// The first entry not less than the target in the block where such entries begin; `end` where the block has none.
TableCursor::At TableCursor::find(Bytes target) {
    pending_ = false;
    const bool here = loaded_ && compare({floor_.data(), floor_size_}, target) <= 0 && compare(target, separator()) <= 0;
    if (!here) {
        loaded_ = false;
        if (!index_.seek(target)) return At::end;
        if (load() == At::cold) return At::cold;
        keep(floor_, floor_size_, target);
    }
    if (entries_.seek(target)) return At::entry;
    require_in_place();
    return At::end;
}

TableCursor::At TableCursor::seek(Bytes target) {
    try {
        const At at = find(target);
        if (at != At::end || !loaded_) return at;
    } catch (const Malformed& m) {
        rethrow(m);
    }
    return next_block();
}

TableCursor::At TableCursor::seek_prefix(Bytes prefix) {
    try {
        At at = find(prefix);
        // Every key with the prefix is less than a separator that is greater than the prefix and does not begin with it.
        if (at == At::end && loaded_ && starts_with(separator(), prefix)) at = next_block();
        return at == At::entry && !starts_with(key(), prefix) ? At::end : at;
    } catch (const Malformed& m) {
        rethrow(m);
    }
}

TableCursor::At TableCursor::next_block() {
    try {
        if (!pending_) {
            const Bytes border = separator();
            if (compare(entries_.key(), border) > 0) malformed("last key is greater than the index allows");
            keep(before_, before_size_, border);
            if (!index_.next()) return At::end;
        }
        pending_ = load() == At::cold;
        if (pending_) return At::cold;
        if (compare(key(), {before_.data(), before_size_}) <= 0) malformed("first key is less than the index allows");
        keep(floor_, floor_size_, key());
    } catch (const Malformed& m) {
        rethrow(m);
    }
    return At::entry;
}

void TableCursor::require_none_before() {
    if (!loaded_ || extent_.offset == table_->trailer().index_offset - table_->trailer().bytes_data) return;
    BlockCursor index;
    index.reset(table_->index());
    Extent before;
    Buffer border;
    size_t size = 0;
    while (index.next()) {
        const Extent extent = table_->extent(index);
        if (extent.offset >= extent_.offset) break;
        before = extent;
        keep(border, size, index.key());
    }
    BlockReader reader;
    Block block;
    reader.read(*table_, before, true, block);
    try {
        BlockCursor entries;
        entries.reset(block);
        while (entries.next()) {
        }
        if (compare(entries.key(), {border.data(), size}) > 0) malformed("last key is greater than the index allows");
    } catch (const Malformed& m) {
        throw table_->error(m, before.offset);
    }
}

void TableCursor::will_need(Bytes from, Bytes prefix, uint64_t max_bytes) {
    probe_.reset(table_->index());
    if (!probe_.seek(from)) return;
    Extent extent = table_->extent(probe_);
    const uint64_t begin = std::max(extent.offset, advised_);
    while (extent.end < begin + max_bytes && starts_with(probe_.key(), prefix) && probe_.next()) {
        extent.end = table_->extent(probe_).end;
    }
    if (extent.end <= begin) return;
    table_->file().will_need(begin, extent.end - begin);
    advised_ = extent.end;
}

}  // namespace dnstide
