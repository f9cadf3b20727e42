#include "table.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "crc32c.h"
#include "thread_scratch.h"

namespace dnstide {
namespace {

constexpr uint32_t kMagicV1 = 0x77846676;
constexpr uint32_t kMagicV2 = 0x4D54424C;
// No library of the formats' own writes blocks anywhere near this; a forged block cannot take more memory.
constexpr uint64_t kLargestBlock = uint64_t{1} << 30;
// A trailer's block size is believed this far when memory is taken for the first block.
constexpr uint64_t kMaxUsualBlock = uint64_t{16} << 20;

struct Frame {
    uint32_t checksum;
    Bytes stored;
};

// A block's frame must fill its extent exactly. The bounds come before the checksum: it does not cover the length.
Frame parse_frame(Bytes bytes, int version) {
    Cursor in(bytes);
    uint64_t length = 0;
    uint32_t length32 = 0;
    Frame frame{};
    const bool has_length = version == 1 ? in.le32(length32) : in.varint64(length);
    if (version == 1) length = length32;
    if (!has_length || !in.le32(frame.checksum)) malformed("block header runs past its place");
    if (length == 0) malformed("block is empty");
    if (length != in.remaining()) {
        malformed("block length does not match its place in the file");
    }
    in.take(length, frame.stored);
    return frame;
}

Bytes checked_payload(Bytes bytes, int version) {
    const Frame frame = parse_frame(bytes, version);
    if (crc32c(frame.stored) != frame.checksum) throw Malformed(Code::bad_checksum, "block does not match its checksum");
    return frame.stored;
}

uint64_t next_id() {
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

uint64_t saturating_sum(std::initializer_list<uint64_t> terms) {
    uint64_t sum = 0;
    for (const uint64_t term : terms) {
        if (__builtin_add_overflow(sum, term, &sum)) return UINT64_MAX;
    }
    return sum;
}

uint64_t saturating_product(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

}  // namespace

Table::Table(File file) : file_(std::move(file)), id_(next_id()) {
    const uint64_t size = file_.size();
    if (size < kTrailerBytes) {
        fail(Code::table_too_short, size, std::to_string(size) + " bytes are fewer than the 512 of an MTBL trailer");
    }
    Buffer& scratch = thread_scratch<Buffer, Table>();
    const auto n = static_cast<size_t>(tail_bytes(size));
    uint8_t* tail = scratch.reserve(n);
    file_.read(size - n, tail, n);
    read_trailer({tail, n});
    read_index({tail, n});
}

void Table::fail(Code code, uint64_t offset, const std::string& reason) const {
    throw TableError(code, file_.path(), offset, reason);
}

TableError Table::error(const Malformed& m, uint64_t offset) const {
    if (file_.changed()) {
        return {Code::table_changed, file_.path(), offset, "the file has changed since it was opened (" + m.reason + ")"};
    }
    return {m.code, file_.path(), offset, m.reason};
}

void Table::read_trailer(Bytes tail) {
    const uint64_t at = file_.size() - kTrailerBytes;
    const uint8_t* p = tail.data() + tail.size() - kTrailerBytes;
    const uint32_t magic = load_le32(p + kTrailerBytes - 4);
    trailer_checksum_ = crc32c({p, kTrailerBytes});
    if (magic != kMagicV1 && magic != kMagicV2) {
        fail(Code::bad_magic, file_.size() - 4, "not an MTBL table, or its end is missing: the magic number is not there");
    }
    Trailer& t = trailer_;
    t.version = magic == kMagicV1 ? 1 : 2;
    uint64_t* const fields[] = {&t.index_offset, &t.block_size,  &t.compression, &t.entries,     &t.blocks,
                                &t.bytes_data,   &t.bytes_index, &t.bytes_keys,  &t.bytes_values};
    for (uint64_t* field : fields) {
        *field = load_le64(p);
        p += 8;
    }
    if (t.index_offset >= at || t.bytes_index != at - t.index_offset) {
        fail(Code::bad_offset, at, "index block at " + std::to_string(t.index_offset) + " with " +
                                       std::to_string(t.bytes_index) + " bytes does not end where the trailer begins");
    }
    if (t.compression >= kCompressions) {
        fail(Code::unknown_compression, at + 16, "compression code " + std::to_string(t.compression) + " is not known");
    }
    if (t.bytes_data > t.index_offset) fail(Code::bad_offset, at + 40, "data blocks would run into the index block");
    if (t.entries < t.blocks || (t.blocks == 0) != (t.entries == 0) || (t.blocks == 0) != (t.bytes_data == 0)) {
        fail(Code::bad_offset, at + 24, "counts of entries, blocks and bytes contradict each other");
    }
    // Three lengths of 5 bytes, a restart offset of 8, key and value: more than that no entry takes; the rest is the
    // restart count and a first restart.
    const uint64_t everything =
        saturating_sum({t.bytes_keys, t.bytes_values, saturating_product(t.entries, 23), uint64_t{16}});
    block_limit_ = std::min(everything, kLargestBlock);
}

void Table::read_index(Bytes tail) {
    const uint64_t tail_at = file_.size() - tail.size();
    Bytes framed;
    Buffer whole;
    const auto n = static_cast<size_t>(trailer_.bytes_index);
    if (trailer_.index_offset >= tail_at) {
        framed = tail.subspan(static_cast<size_t>(trailer_.index_offset - tail_at), n);
    } else {
        uint8_t* p = whole.reserve(n);
        file_.read(trailer_.index_offset, p, n);
        framed = {p, n};
    }
    try {
        const Bytes raw = checked_payload(framed, trailer_.version);
        index_bytes_ = std::make_unique_for_overwrite<uint8_t[]>(raw.size());
        std::memcpy(index_bytes_.get(), raw.data(), raw.size());
        index_checksum_ = crc32c(raw);
        index_ = Block::parse({index_bytes_.get(), raw.size()});
        check_index();
    } catch (const Malformed& m) {
        throw error({m.code, "index: " + m.reason}, trailer_.index_offset);
    }
}

void Table::check_index() const {
    BlockCursor& cursor = thread_scratch<BlockCursor, Table>();
    cursor.reset(index_);
    // Where a table was appended to other bytes, its first block does not begin the file.
    uint64_t expected = trailer_.index_offset - trailer_.bytes_data;
    uint64_t blocks = 0;
    uint32_t restart = 0;
    for (;;) {
        const uint8_t* const at = cursor.position();
        if (!cursor.next()) break;
        // Every search begins at a restart, so one that is no entry would lose the blocks around it.
        if (restart < index_.restarts && at == index_.entries + index_.restart(restart)) {
            if (cursor.shared() != 0) malformed("entry at a restart shares key bytes");
            ++restart;
        }
        Cursor value(cursor.value());
        uint64_t offset = 0;
        if (!value.varint64(offset) || !value.done()) malformed("an entry is not a block offset");
        if (blocks == 0 ? offset != expected : offset <= expected) {
            throw Malformed(Code::bad_offset, "block offsets do not begin at the first data block and ascend");
        }
        if (offset >= trailer_.index_offset) throw Malformed(Code::bad_offset, "a block offset lies past the data");
        expected = offset;
        ++blocks;
    }
    if (!index_.empty() && restart != index_.restarts) malformed("a restart is not at the beginning of an entry");
    if (blocks != trailer_.blocks) {
        throw Malformed(Code::bad_offset, std::to_string(blocks) + " blocks are listed, the trailer says " +
                                              std::to_string(trailer_.blocks));
    }
}

Extent Table::extent(const BlockCursor& at) const {
    Extent extent{0, trailer_.index_offset};
    Cursor(at.value()).varint64(extent.offset);
    // A block ends where the next one begins; the index was checked, so this entry can be read ahead of the cursor.
    Cursor in(Bytes(at.position(), index_.entries_end));
    uint32_t shared, unshared, value_size;
    Bytes key;
    if (in.varint32(shared) && in.varint32(unshared) && in.varint32(value_size) && in.take(unshared, key)) {
        in.varint64(extent.end);
    }
    return extent;
}

uint64_t Table::digest() const {
    constexpr uint64_t header = 14;  // a length of ten bytes at most, and the checksum
    constexpr uint64_t window = uint64_t{8} << 20;
    uint64_t announced = 0;
    uint64_t digest = mixed(uint64_t{trailer_checksum_} << 32 | index_checksum_);
    BlockCursor cursor;
    cursor.reset(index_);
    while (cursor.next()) {
        const Extent at = extent(cursor);
        if (at.offset >= announced) {
            file_.will_need(at.offset, window);
            announced = at.offset + window;
        }
        uint8_t bytes[header];
        const auto n = static_cast<size_t>(std::min(header, at.end - at.offset));
        file_.read(at.offset, bytes, n);
        Cursor in(Bytes(bytes, n));
        uint64_t length = 0;
        uint32_t length32 = 0, checksum = 0;
        const bool has_length = trailer_.version == 1 ? in.le32(length32) : in.varint64(length);
        if (!has_length || !in.le32(checksum)) {
            throw error({Code::bad_block, "block header runs past its place"}, at.offset);
        }
        digest = mixed(digest ^ checksum) + at.offset;
    }
    return digest;
}

const uint8_t* BlockReader::fetch(const Table& table, Extent extent) {
    if (extent.offset < held_.offset || extent.end > held_.end) {
        const uint64_t available = table.trailer().index_offset - extent.offset;
        const uint64_t n = std::min(available, std::max<uint64_t>(ahead_, extent.end - extent.offset));
        uint8_t* const stored = stored_.reserve(static_cast<size_t>(n));
        held_ = {};
        table.file().read(extent.offset, stored, static_cast<size_t>(n));
        held_ = {extent.offset, ahead_ != 0 ? extent.offset + n : extent.offset};
        return stored;
    }
    return stored_.data() + (extent.offset - held_.offset);
}

bool BlockReader::read(const Table& table, Extent extent, bool wait, Block& block) {
    if (cache_ != nullptr && (cached_ = cache_->find(table.id(), extent.offset)) != nullptr) {
        block = cached_->block;
        return true;
    }
    const auto n = static_cast<size_t>(extent.end - extent.offset);
    const uint8_t* p;
    if (wait) {
        p = fetch(table, extent);
    } else {
        uint8_t* const stored = stored_.reserve(n);
        forget();
        if (!table.file().read_cached(extent.offset, stored, n)) return false;
        p = stored;
    }
    try {
        const Bytes stored = checked_payload({p, n}, table.trailer().version);
        const uint64_t usual = std::min<uint64_t>(table.trailer().block_size, kMaxUsualBlock) * 2;
        block = Block::parse(decoder_.decode(table.compression(), stored, raw_, usual, table.block_limit()));
        if (block.empty()) malformed("block has no entries");
    } catch (const Malformed& m) {
        throw table.error(m, extent.offset);
    }
    if (cache_ != nullptr) cache_->offer(table.id(), extent.offset, block);
    return true;
}

}  // namespace dnstide
