// One MTBL file: its trailer and index, checked once when it is opened, and the way to each data block.
//
//     [data block]… [index block] [trailer, 512 bytes]
//
//     block:    length (version 2: varint64, version 1: u32 LE) | CRC32C of the stored bytes, u32 LE | stored bytes
//     index:    a block (block.h), never compressed; key >= every key of its data block and < the first key of the next,
//               value = varint64 offset of the data block
//     trailer:  nine u64 LE, zero padding, magic u32 LE (0x4D54424C version 2, 0x77846676 version 1)
//
// The trailer has no checksum and no checksum covers a block's length, so all of them are held against each other: the
// index block must end where the trailer begins, the data blocks must fill the file up to the index without a gap, there
// must be as many of them as the trailer says, and a block's length must be what the index leaves for it. count_entries,
// bytes_keys and bytes_values need a walk over every entry: verify.h.
//
// A Table never changes after it is made. Any number of threads may read from it, each with a BlockReader of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "block.h"
#include "block_cache.h"
#include "bytes.h"
#include "codec.h"
#include "error.h"
#include "file.h"

namespace dnstide {

struct Trailer {
    uint64_t index_offset;
    uint64_t block_size;
    uint64_t compression;
    uint64_t entries;
    uint64_t blocks;
    uint64_t bytes_data;
    uint64_t bytes_index;
    uint64_t bytes_keys;
    uint64_t bytes_values;
    int version;
};

// A data block's place in the file: [offset, end).
struct Extent {
    uint64_t offset = 0;
    uint64_t end = 0;
};

constexpr uint64_t kTrailerBytes = 512;

// How much of a file's end is read at once when it is opened, to bring trailer and index together. An index takes about
// 0.6 % of a table with 8 KiB blocks, less with larger ones; where it is longer, a second read brings it.
constexpr uint64_t tail_bytes(uint64_t size) {
    constexpr uint64_t page = 4096, max_tail = 64 * 1024;
    return std::min({size, max_tail, (size / 160 / page + 1) * page + kTrailerBytes});
}

class Table {
public:
    // Takes the file over. Throws TableError for whatever cannot be true of a sound table.
    explicit Table(File file);

    const File& file() const { return file_; }
    // Of this opening of the file; no other table of the process has it, nor will have.
    uint64_t id() const { return id_; }
    const Trailer& trailer() const { return trailer_; }
    Compression compression() const { return static_cast<Compression>(trailer_.compression); }
    const Block& index() const { return index_; }
    // Of the data block whose index entry the cursor over index() stands at.
    Extent extent(const BlockCursor& at) const;
    // A decompressed block is never larger than this in a sound table.
    uint64_t block_limit() const { return block_limit_; }

    // 64 bits over trailer, index and the stored checksums of all data blocks: tables of equal bytes have equal ones.
    // Reads a few bytes of each block and decodes none. Throws TableError.
    uint64_t digest() const;

    // `m` as the error of this table at a place in its file; TABLE_CHANGED where the file is no longer the one opened.
    TableError error(const Malformed& m, uint64_t offset) const;

private:
    void read_trailer(Bytes tail);
    void read_index(Bytes tail);
    void check_index() const;
    [[noreturn]] void fail(Code code, uint64_t offset, const std::string& reason) const;

    File file_;
    uint64_t id_;
    Trailer trailer_{};
    std::unique_ptr<uint8_t[]> index_bytes_;
    Block index_;
    uint64_t block_limit_ = 0;
    uint32_t index_checksum_ = 0;
    uint32_t trailer_checksum_ = 0;
};

// Reads and decodes data blocks into memory of its own. One thread at a time; a block lives until the next is read.
class BlockReader {
public:
    // False where `wait` is false and the bytes are not in memory. Throws TableError.
    bool read(const Table& table, Extent extent, bool wait, Block& block);
    void trim(size_t max_kept) {
        forget();
        cached_.reset();
        stored_.release_above(max_kept);
        raw_.release_above(max_kept);
    }

    // Reads so many bytes at a time from now on, for walks over blocks that follow each other; 0: block by block.
    void read_ahead(size_t bytes) { ahead_ = bytes; }
    // Looks there for blocks first, and offers it those that it had to decode; null: decodes all. For look-ups.
    void use(BlockCache* cache) { cache_ = cache; }
    // Forgets what was read ahead; to be called between tables.
    void forget() { held_ = {}; }

private:
    const uint8_t* fetch(const Table& table, Extent extent);

    BlockCache* cache_ = nullptr;
    std::shared_ptr<const CachedBlock> cached_;  // keeps the block read last, where the cache had it
    size_t ahead_ = 0;
    Extent held_;  // what stored_ holds, where it was read ahead
    Buffer stored_;
    Buffer raw_;
    Decoder decoder_;
};

}  // namespace dnstide
