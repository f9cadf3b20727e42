// Decoded blocks that look-ups came back to, up to a number of bytes; the ones not asked for longest go first.
//
// A block is kept from its second look-up on, so that a question that never comes again costs nothing here and pushes
// nothing out. Blocks are copies that were checked when they were read. Safe for several threads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "block.h"

namespace dnstide {

struct CachedBlock {
    std::unique_ptr<uint8_t[]> bytes;
    Block block;
};

class BlockCache {
public:
    explicit BlockCache(size_t bytes);

    // Returns the block, null where it is not held. `table`: Table::id(); `offset`: of the block in its file.
    std::shared_ptr<const CachedBlock> find(uint64_t table, uint64_t offset);
    // Offers a block that was decoded because it was not held; the cache may keep a copy.
    void offer(uint64_t table, uint64_t offset, const Block& block);

    size_t bytes() const;     // held now
    uint64_t hits() const;    // blocks found, since the beginning
    uint64_t misses() const;  // blocks that were not held, since the beginning

private:
    struct Key {
        uint64_t table;
        uint64_t offset;
        bool operator==(const Key&) const = default;
    };
    static uint64_t mix(const Key& key);
    struct Hash {
        size_t operator()(const Key& key) const { return mix(key); }
    };
    struct Entry {
        Key key;
        std::shared_ptr<const CachedBlock> block;
        size_t bytes;
    };
    // Threads meet only where they look for blocks of the same part.
    struct Part {
        mutable std::mutex mutex;
        std::list<Entry> recent;  // the last one asked for first
        std::unordered_map<Key, std::list<Entry>::iterator, Hash> where;
        size_t bytes = 0;
        uint64_t hits = 0;
        uint64_t misses = 0;
    };
    template <class T>
    T sum(T Part::* field) const;
    static constexpr size_t kParts = 16;
    static constexpr size_t kSeen = 1 << 16;

    Part& part(uint64_t hash) { return parts_[hash >> 60]; }

    const size_t part_bytes_;  // the room of each part
    std::array<Part, kParts> parts_;
    std::vector<std::atomic<uint32_t>> seen_;  // marks of blocks decoded once; a newer mark takes an older one's place
};

}  // namespace dnstide
