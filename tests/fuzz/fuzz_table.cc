// libFuzzer on the native reader: any bytes as a table, opened, verified, walked and asked.
//
// Whatever they are, the only way out is a TableError; what must hold of every answer is checked, and a breach traps. The
// mutator puts checksums and the trailer right again half of the time, so that what stands behind them is reached.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "crc32c.h"
#include "error.h"
#include "file.h"
#include "lookup.h"
#include "table.h"
#include "table_cursor.h"
#include "verify.h"

using namespace dnstide;

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr size_t kTrailer = 512;

void require(bool truth) {
    if (!truth) __builtin_trap();
}

// A file of these bytes, which only memory holds.
class MemoryFile {
public:
    MemoryFile(const uint8_t* data, size_t size) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
        require(fd_ >= 0 && write(fd_, data, size) == static_cast<ssize_t>(size));
    }
    ~MemoryFile() { close(fd_); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

void put(uint8_t* to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(value >> 8 * i);
}

// The block that begins at `at`: where its checksum and its stored bytes stand. False where there is none before `end`.
bool locate(const uint8_t* data, size_t at, size_t end, bool v1, size_t& checksum, size_t& length) {
    uint64_t n = 0;
    if (v1) {
        if (end - at < 4) return false;
        n = load_le32(data + at);
        at += 4;
    } else {
        for (int shift = 0; shift < 35; shift += 7) {
            if (at == end) return false;
            const uint8_t byte = data[at++];
            n |= uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80) break;
        }
    }
    if (n == 0 || end - at < 4 || n > end - at - 4) return false;
    checksum = at;
    length = n;
    return true;
}

// Makes the checksums right, as far as the lengths before them lead, and the trailer agree with where the index stands.
void repair(uint8_t* data, size_t size) {
    if (size < kTrailer) return;
    const size_t end = size - kTrailer;
    const bool v1 = load_le32(data + size - 4) == 0x77846676;
    size_t at = 0, last = 0, blocks = 0, checksum, length;
    while (at < end && locate(data, at, end, v1, checksum, length)) {
        put(data + checksum, crc32c({data + checksum + 4, length}), 4);
        last = at;
        at = checksum + 4 + length;
        ++blocks;
    }
    if (at != end || blocks == 0) return;
    uint8_t* trailer = data + end;
    put(trailer, last, 8);
    put(trailer + 32, blocks - 1, 8);
    put(trailer + 40, last, 8);
    put(trailer + 48, end - last, 8);
    put(trailer + 16, load_le64(trailer + 16) % 6, 8);
}

void walk(const Table& table) {
    TableCursor cursor;
    cursor.attach(table);
    std::vector<uint8_t> before;
    bool any = false;
    TableCursor::At at = cursor.seek({});
    while (at == TableCursor::At::entry) {
        do {
            const Bytes key = cursor.key();
            require(!any || compare(before, key) < 0);
            before.assign(key.begin(), key.end());
            any = true;
        } while (cursor.next());
        at = cursor.next_block();
    }
}

void ask(const std::shared_ptr<const Table>& table, bool sound) try {
    static const std::vector<Query> queries = {
        {std::string(1, '\0'), {}},
        {std::string("\0\3com", 5), {{1, 257}, std::nullopt}},
        {std::string("\0\3com\7example\2d4", 16), {{}, std::string("\3com\7example\0", 13)}},
        {std::string("\0\3com\7example\2d0\2h0\0", 20), {}},
        {std::string("\0\0", 2), {}},
    };
    static const Buckets buckets({0, 86400, 1000000, int64_t{1} << 40});
    const LookupAnswer answer = lookup({{&table, 1}, queries, buckets, {}, true, 1, nullptr});
    require(answer.failures.empty() || (!sound && answer.counts.empty() && answer.rows == 0));
    for (const auto& [number, error] : answer.failures) require(number == 0 && !error.reason.empty());
} catch (const CountOverflow&) {
}

template <typename F>
bool holds(size_t size, F&& f) {
    try {
        f();
        return true;
    } catch (const TableError& e) {
        require(!e.reason.empty() && (!e.offset || *e.offset <= size));
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const MemoryFile file(data, size);
    std::shared_ptr<const Table> table;
    if (!holds(size, [&] { table = std::make_shared<const Table>(File(file.path())); })) return 0;
    const bool sound = holds(size, [&] { verify(*table, nullptr); });
    const bool walked = holds(size, [&] { walk(*table); });
    require(walked || !sound);
    ask(table, sound);
    return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
    size = LLVMFuzzerMutate(data, size, max_size);
    if (std::minstd_rand(seed)() % 2 == 0) repair(data, size);
    return size;
}
