// A walk through one table in key order, from any key, over block borders.
//
// Each block that is walked is read and decoded once, and held against the index: a block with a valid checksum in the
// wrong place would otherwise be taken for an absence. Keeps all of its memory from table to table, so attaching to the
// next one allocates nothing. One thread at a time; the table must outlive its attachment.
#pragma once

#include <cstdint>

#include "block.h"
#include "cancel.h"
#include "table.h"

namespace dnstide {

class TableCursor {
public:
    enum class At {
        entry,  // key() and value() are the entry
        end,    // there is no such entry
        cold,   // its block must come from the disk and the cursor does not wait: call again after wait(true)
    };

    void attach(const Table& table, const Cancel* cancel = nullptr, BlockCache* cache = nullptr);
    void wait(bool on) { wait_ = on; }

    // The first entry whose key is not less than the target. Targets may come in any order; ascending ones that fall into
    // the current block cost no read.
    At seek(Bytes target);
    // The first entry whose key begins with the prefix, else `end`; a block is read only where such a key can be.
    At seek_prefix(Bytes prefix);
    // Within the block; false at its end.
    bool next() {
        try {
            return entries_.next();
        } catch (const Malformed& m) {
            rethrow(m);
        }
    }
    // The first entry of the block that follows.
    At next_block();
    // To be called after seek: reads the block before the one it led to, and throws where that one holds keys that the
    // index does not allow it. Otherwise an index that says too little of its blocks would hide them from a walk.
    void require_none_before();

    Bytes key() const { return entries_.key(); }
    Bytes value() const { return entries_.value(); }
    BlockCursor& entries() { return entries_; }
    // No key of this block is greater, no key of the blocks that follow is less or equal.
    Bytes separator() const { return index_.key(); }
    // Asks the system for the blocks from the one that would hold `from` on that can hold keys with the prefix, `max_bytes`
    // of them. Ascending calls request no block twice.
    void will_need(Bytes from, Bytes prefix, uint64_t max_bytes);

    // As BlockReader::read_ahead, until the next attachment.
    void read_ahead(size_t bytes) { reader_.read_ahead(bytes); }

    const Table& table() const { return *table_; }
    Extent extent() const { return extent_; }
    uint64_t blocks() const { return blocks_; }
    [[noreturn]] void rethrow(const Malformed& m) const;
    // Between tables: gives back the memory of unusually large blocks.
    void trim() {
        constexpr size_t max_kept = size_t{16} << 20;
        reader_.trim(max_kept);
        entries_.trim(max_kept);
    }

private:
    At load();
    At find(Bytes target);
    void require_in_place();
    static void keep(Buffer& buffer, size_t& size, Bytes bytes) {
        size = bytes.size();
        if (size != 0) std::memcpy(buffer.reserve(size), bytes.data(), size);
    }

    const Table* table_ = nullptr;
    const Cancel* cancel_ = nullptr;
    bool wait_ = true;
    bool loaded_ = false;
    uint64_t blocks_ = 0;
    uint64_t advised_ = 0;
    Extent extent_;
    bool pending_ = false;
    BlockCursor index_;
    BlockCursor probe_;
    BlockCursor entries_;
    BlockReader reader_;
    Buffer before_;  // the separator of the block before
    size_t before_size_ = 0;
    Buffer floor_;  // a key that belongs to this block, as do all from it to the separator
    size_t floor_size_ = 0;
};

}  // namespace dnstide
