// A block of entries, once decompressed, and the cursor that steps through it.
//
//     entry*                                      keys strictly ascending
//     restart offset: u32 LE, or u64 LE where the entries take more than 4 GiB     (restarts of them)
//     restarts: u32 LE
//
//     entry:  varint32 shared | varint32 unshared | varint32 value length | unshared key bytes | value
//
// `shared` bytes of the key are those of the key before; at a restart offset shared is 0. Every length is checked against
// the block's end in 64 bits, and every key against the one before, on every step: what throws is Malformed (BAD_BLOCK).
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
        const uint8_t* p = next_;
        const uint8_t* const end = block_.entries_end;
        if (p == end) return false;
        uint32_t shared, unshared, value_size;
        p = header(p, shared, unshared, value_size);
        if (shared > key_size_) malformed("entry shares more key bytes than the key before has");
        if (uint64_t{unshared} + value_size > static_cast<uint64_t>(end - p)) malformed("entry runs past its block");
        // Mostly one byte tells that the key is greater than the one before.
        if (!(unshared != 0 && (shared == key_size_ || key_[shared] < *p))) require_ascending(shared, {p, unshared});
        if (unshared <= kCopy && block_.end - p >= static_cast<ptrdiff_t>(kCopy)) [[likely]] {
            std::memcpy(key_ + shared, p, kCopy);
        } else {
            std::memcpy(key_ + shared, p, unshared);
        }
        shared_ = shared;
        key_size_ = shared + unshared;
        value_ = p + unshared;
        value_size_ = value_size;
        next_ = value_ + value_size;
        fresh_ = false;
        return true;
    }

    // Goes to the first entry whose key is not less than the target, wherever the cursor stands; false where there is none.
    bool seek(Bytes target);

    Bytes key() const { return {key_, key_size_}; }
    Bytes value() const { return {value_, value_size_}; }
    // How many key bytes are those of the entry before; 0 after a jump.
    uint32_t shared() const { return shared_; }
    // Of the block, wherever the cursor stands.
    Bytes first_key() const { return restart_key(0); }
    // Gives back what an unusually large block has left behind; reset() comes next.
    void trim(size_t kept) { keys_.release_above(kept); }
    const uint8_t* position() const { return next_; }
    const Block& block() const { return block_; }

private:
    static constexpr size_t kCopy = 32;

    void jump(const uint8_t* to) {
        next_ = to;
        key_size_ = 0;
        shared_ = 0;
        fresh_ = true;
    }
    // The three lengths; mostly each is one byte.
    const uint8_t* header(const uint8_t* p, uint32_t& shared, uint32_t& unshared, uint32_t& value_size) const {
        if (block_.entries_end - p >= 3 && (p[0] | p[1] | p[2]) < 0x80) [[likely]] {
            shared = p[0];
            unshared = p[1];
            value_size = p[2];
            return p + 3;
        }
        return long_header(p, shared, unshared, value_size);
    }
    const uint8_t* long_header(const uint8_t* p, uint32_t& shared, uint32_t& unshared, uint32_t& value_size) const;
    void require_ascending(uint32_t shared, Bytes unshared) const;
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
