#include "block.h"

#include <algorithm>

namespace dnstide {

Block Block::parse(Bytes raw) {
    if (raw.size() < 8) malformed("block is too short for its restart array");
    Block block;
    block.entries = raw.data();
    block.end = raw.data() + raw.size();
    block.restarts = load_le32(block.end - 4);
    if (block.restarts == 0) malformed("block has no restart");
    const uint64_t room = raw.size() - 4;
    uint64_t array = uint64_t{block.restarts} * 4;
    if (array <= room && room - array > UINT32_MAX) {
        block.wide = true;
        array *= 2;
    }
    if (array > room) malformed("restart array is longer than its block");
    const uint64_t size = room - array;
    block.entries_end = raw.data() + size;
    if (block.restart(0) != 0) malformed("first restart is not at the block's start");
    uint64_t before = 0;
    for (uint32_t i = 1; i < block.restarts; ++i) {
        const uint64_t offset = block.restart(i);
        if (offset <= before || offset >= size) malformed("restart offsets do not ascend within the block");
        before = offset;
    }
    return block;
}

const uint8_t* BlockCursor::long_header(const uint8_t* p, const uint8_t* end, Entry& entry) {
    Cursor in(Bytes(p, end));
    if (!in.varint32(entry.shared) || !in.varint32(entry.unshared) || !in.varint32(entry.value_size)) {
        malformed("entry has a malformed length");
    }
    return in.at();
}

size_t BlockCursor::common(Bytes before, uint32_t shared, Bytes unshared, bool fresh) {
    if (fresh && shared == 0) return 0;  // nothing stands before it, so even the empty key may
    const Bytes rest = before.subspan(shared);
    const size_t same = in_common(rest, unshared);
    if (same == unshared.size() || (same < rest.size() && rest[same] > unshared[same])) malformed("keys do not ascend");
    return shared + same;
}

Bytes BlockCursor::restart_key(uint32_t i) const {
    const uint8_t* p = block_.entries + block_.restart(i);
    Entry entry;
    p = header(p, block_.entries_end, entry);
    if (entry.shared != 0) malformed("entry at a restart shares key bytes");
    if (uint64_t{entry.unshared} + entry.value_size > static_cast<uint64_t>(block_.entries_end - p)) {
        malformed("entry runs past its block");
    }
    return {p, entry.unshared};
}

bool BlockCursor::seek(Bytes target) {
    if (block_.empty()) return false;
    // The last restart whose key is less than the target; the target cannot stand before it.
    uint32_t low = 0, high = block_.restarts - 1;
    while (low < high) {
        const uint32_t middle = high - (high - low) / 2;
        if (compare(restart_key(middle), target) < 0) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    jump(block_.entries + block_.restart(low));
    size_t same = 0;  // leading bytes that the last key, which is less, has in common with the target
    while (next()) {
        // It agrees with the last key on the byte that made that one less.
        if (shared_ > same) continue;
        same = std::min<size_t>(same, shared_);
        const size_t shorter = std::min(key_size_, target.size());
        while (same < shorter && key_[same] == target[same]) ++same;
        if (same == target.size() || (same < key_size_ && key_[same] > target[same])) return true;
    }
    return false;
}

}  // namespace dnstide
