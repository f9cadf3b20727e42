#include "block_cache.h"

#include <utility>

namespace dnstide {
namespace {

constexpr size_t kOverhead = 256;  // of an entry, beside its bytes

}  // namespace

BlockCache::BlockCache(size_t bytes) : part_bytes_(bytes / kParts), seen_(kSeen) {}

// The finalizer of SplitMix64: offsets of blocks differ in few bits.
uint64_t BlockCache::mix(const Key& key) {
    uint64_t x = key.table * 0x9e3779b97f4a7c15 + key.offset;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

std::shared_ptr<const CachedBlock> BlockCache::find(uint64_t table, uint64_t offset) {
    const Key key{table, offset};
    Part& part = this->part(mix(key));
    const std::lock_guard lock(part.mutex);
    const auto entry = part.where.find(key);
    if (entry == part.where.end()) {
        ++part.misses;
        return nullptr;
    }
    ++part.hits;
    part.recent.splice(part.recent.begin(), part.recent, entry->second);
    return entry->second->block;
}

void BlockCache::offer(uint64_t table, uint64_t offset, const Block& block) {
    const Key key{table, offset};
    const uint64_t hash = mix(key);
    const auto mark = static_cast<uint32_t>(hash >> 16) | 1;
    if (seen_[hash % kSeen].exchange(mark, std::memory_order_relaxed) != mark) return;
    const auto size = static_cast<size_t>(block.end - block.entries);
    if (size + kOverhead > part_bytes_) return;
    auto copy = std::make_shared<CachedBlock>();
    copy->bytes = std::make_unique_for_overwrite<uint8_t[]>(size);
    std::memcpy(copy->bytes.get(), block.entries, size);
    copy->block = block;
    copy->block.entries = copy->bytes.get();
    copy->block.entries_end = copy->bytes.get() + (block.entries_end - block.entries);
    copy->block.end = copy->bytes.get() + size;
    std::list<Entry> dropped;  // freed once the lock is given back
    Part& part = this->part(hash);
    const std::lock_guard lock(part.mutex);
    if (part.where.contains(key)) return;
    part.recent.push_front({key, std::move(copy), size + kOverhead});
    part.bytes += size + kOverhead;  // before what may fail: an entry that is in no map goes in its turn, too
    part.where.emplace(key, part.recent.begin());
    while (part.bytes > part_bytes_) {
        Entry& last = part.recent.back();
        part.bytes -= last.bytes;
        part.where.erase(last.key);
        dropped.splice(dropped.begin(), part.recent, std::prev(part.recent.end()));
    }
}

template <class T>
T BlockCache::sum(T Part::* field) const {
    T sum = 0;
    for (const Part& part : parts_) {
        const std::lock_guard lock(part.mutex);
        sum += part.*field;
    }
    return sum;
}

size_t BlockCache::bytes() const { return sum(&Part::bytes); }
uint64_t BlockCache::hits() const { return sum(&Part::hits); }
uint64_t BlockCache::misses() const { return sum(&Part::misses); }

}  // namespace dnstide
