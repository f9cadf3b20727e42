// A block of entries, once decompressed, and the cursor that steps through it.
//
//     entry*                                      keys strictly ascending
//     restart offset: u32 LE, or u64 LE where the entries take more than 4 GiB     (restarts of them)
//     restarts: u32 LE
//
//     entry:  varint32 shared | varint32 unshared | varint32 value length | unshared key bytes | value
//
// `shared` bytes of the key are those of the key before; at a restart offset shared is 0. On every step each length is
// checked against the block's end in 64 bits, and the key against the one before; a breach throws Malformed (BAD_BLOCK).
//
// Block and BlockCursor borrow the bytes they were made from. key() lives until the next step, value() as long as the
// block. One cursor belongs to one thread; it keeps its key buffer from block to block.
#pragma once

#include <cstdint>
#include <cstring>

#include "bytes.h"
#include "error.h"

namespace dnstide {

struct Block {
    const uint8_t* entries = nullptr;
    const uint8_t* entries_end = nullptr;  // where the restart offsets begin
    const uint8_t* end = nullptr;
    uint32_t restarts = 0;
    bool wide = false;

    // Checks the restart array: it fits, begins with 0 and ascends within the entries.
    static Block parse(Bytes raw);

    uint64_t restart(uint32_t i) const {
        return wide ? load_le64(entries_end + uint64_t{i} * 8) : load_le32(entries_end + uint64_t{i} * 4);
    }
    bool empty() const { return entries == entries_end; }
};

class BlockCursor {
public:
    // Stands before the first entry.
    void reset(const Block& block) {
        block_ = block;
        // A key is made of bytes that stand in the block, each copied once at most since the last restart.
        key_ = keys_.reserve(static_cast<size_t>(block.entries_end - block.entries) + kCopy);
        jump(block.entries);
    }

    // Steps to the next entry; false at the end of the block.
    bool next() {
        if (next_ == block_.entries_end) return false;
        const Entry entry = read(next_, block_, key(), fresh_);
        append(entry);
        key_size_ = entry.shared + entry.unshared;
        stand_at(entry);
        return true;
    }

    // Visits the entries after the current one to the end of the block, with all that a step needs in registers. Each step
    // first calls on_prefix_end(common), while the current key still stands at key().data(): `common` is how many leading
    // bytes the next key shares with it. Then it calls visit(key, value), and ends the walk where that returns false.
    template <typename OnPrefixEnd, typename Visit>
    void visit_rest(OnPrefixEnd&& on_prefix_end, Visit&& visit) {
        const Block block = block_;
        const uint8_t* p = next_;
        size_t key_size = key_size_;
        while (p != block.entries_end) {
            const Entry entry = read(p, block, {key_, key_size}, false);
            on_prefix_end(entry.common);
            append(entry);
            key_size = entry.shared + entry.unshared;
            p = entry.suffix + entry.unshared + entry.value_size;
            if (!visit(Bytes(key_, key_size), Bytes(entry.suffix + entry.unshared, entry.value_size)) ||
                p == block.entries_end) {
                key_size_ = key_size;
                stand_at(entry);
                return;
            }
        }
    }

    // Goes to the first entry whose key is not less than the target, wherever the cursor stands; false where there is none.
    bool seek(Bytes target);

    Bytes key() const { return {key_, key_size_}; }
    Bytes value() const { return {value_, value_size_}; }
    // How many key bytes are those of the entry before; 0 after a jump.
    uint32_t shared() const { return shared_; }
    // Of the block, wherever the cursor stands.
    Bytes first_key() const { return restart_key(0); }
    // Gives back the memory of an unusually large block; reset() comes next.
    void trim(size_t max_kept) { keys_.release_above(max_kept); }
    const uint8_t* position() const { return next_; }
    const Block& block() const { return block_; }

private:
    static constexpr size_t kCopy = 64;  // most suffixes are shorter

    struct Entry {
        const uint8_t* suffix;  // the unshared key bytes; the value follows
        uint32_t shared;
        uint32_t unshared;
        uint32_t value_size;
        size_t common;  // leading bytes in common with the key before: `shared`, but at a restart
    };

    // The entry at p, checked against the end of the block and against the key before it.
    static Entry read(const uint8_t* p, const Block& block, Bytes before, bool fresh) {
        Entry entry;
        entry.suffix = p = header(p, block.entries_end, entry);
        if (entry.shared > before.size()) malformed("entry shares more key bytes than the key before has");
        if (uint64_t{entry.unshared} + entry.value_size > static_cast<uint64_t>(block.entries_end - p)) {
            malformed("entry runs past its block");
        }
        entry.common = entry.shared;
        // Mostly one byte tells that the key is greater than the one before.
        if (!(entry.unshared != 0 && (entry.shared == before.size() || before[entry.shared] < *p))) {
            entry.common = common(before, entry.shared, {p, entry.unshared}, fresh);
        }
        return entry;
    }
    // The three lengths; mostly each is one byte.
    static const uint8_t* header(const uint8_t* p, const uint8_t* end, Entry& entry) {
        if (end - p >= 3 && (p[0] | p[1] | p[2]) < 0x80) [[likely]] {
            entry.shared = p[0];
            entry.unshared = p[1];
            entry.value_size = p[2];
            return p + 3;
        }
        return long_header(p, end, entry);
    }
    static const uint8_t* long_header(const uint8_t* p, const uint8_t* end, Entry& entry);
    // How many leading bytes two keys have in common; throws where the second is not the greater one.
    static size_t common(Bytes before, uint32_t shared, Bytes unshared, bool fresh);

    void append(const Entry& entry) {
        if (entry.unshared <= kCopy && block_.end - entry.suffix >= static_cast<ptrdiff_t>(kCopy)) [[likely]] {
            std::memcpy(key_ + entry.shared, entry.suffix, kCopy);  // of a size that is known, so without a call
        } else {
            std::memcpy(key_ + entry.shared, entry.suffix, entry.unshared);
        }
    }
    void stand_at(const Entry& entry) {
        shared_ = entry.shared;
        value_ = entry.suffix + entry.unshared;
        value_size_ = entry.value_size;
        next_ = value_ + value_size_;
        fresh_ = false;
    }
    void jump(const uint8_t* to) {
        next_ = to;
        key_size_ = 0;
        shared_ = 0;
        fresh_ = true;
    }
    Bytes restart_key(uint32_t i) const;

    Block block_;
    const uint8_t* next_ = nullptr;
    const uint8_t* value_ = nullptr;
    uint8_t* key_ = nullptr;
    size_t key_size_ = 0;
    uint32_t value_size_ = 0;
    uint32_t shared_ = 0;
    bool fresh_ = true;
    Buffer keys_;
};

}  // namespace dnstide
