// Views over bytes that came from elsewhere, and the one cursor that reads them.
//
// A Bytes is a borrowed view: it lives as long as the buffer it points into. A Cursor never reads at or past its end, and a
// read that does not fit leaves it where it was and says so; callers turn that into an error that names the file and offset.
// Nothing here allocates, apart from Buffer; nothing is shared between threads.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace dnstide {

using Bytes = std::span<const uint8_t>;

inline Bytes bytes_of(const std::string& s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

inline uint32_t load_le32(const uint8_t* p) {
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return std::endian::native == std::endian::little ? v : __builtin_bswap32(v);
}

inline uint64_t load_le64(const uint8_t* p) {
    uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return std::endian::native == std::endian::little ? v : __builtin_bswap64(v);
}

// The finalizer of MurmurHash3, public domain: every bit of x reaches every bit of the result.
inline uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

// Orders as MTBL keys do: unsigned bytes, and a prefix sorts first.
inline int compare(Bytes a, Bytes b) {
    const size_t n = a.size() < b.size() ? a.size() : b.size();
    if (n != 0) {
        if (const int c = std::memcmp(a.data(), b.data(), n); c != 0) return c;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
}

inline bool starts_with(Bytes bytes, Bytes prefix) {
    return bytes.size() >= prefix.size() &&
           (prefix.empty() || std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0);
}

// How many leading bytes both have in common.
inline size_t in_common(Bytes a, Bytes b) {
    const size_t shorter = a.size() < b.size() ? a.size() : b.size();
    size_t same = 0;
    for (; same + 8 <= shorter; same += 8) {
        const uint64_t differs = load_le64(a.data() + same) ^ load_le64(b.data() + same);
        if (differs != 0) return same + static_cast<size_t>(std::countr_zero(differs)) / 8;
    }
    while (same < shorter && a[same] == b[same]) ++same;
    return same;
}

class Cursor {
public:
    explicit Cursor(Bytes bytes) : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    size_t remaining() const { return static_cast<size_t>(end_ - p_); }
    bool done() const { return p_ == end_; }
    const uint8_t* at() const { return p_; }

    bool u8(uint8_t& v) {
        if (p_ == end_) return false;
        v = *p_++;
        return true;
    }

    bool take(uint64_t n, Bytes& out) {
        if (n > remaining()) return false;
        out = Bytes(p_, static_cast<size_t>(n));
        p_ += n;
        return true;
    }

    bool le32(uint32_t& v) {
        if (remaining() < 4) return false;
        v = load_le32(p_);
        p_ += 4;
        return true;
    }

    // Base-128, least significant group first; a value that does not fit in 32 or 64 bits is refused.
    bool varint32(uint32_t& v) {
        uint64_t wide;
        const uint8_t* start = p_;
        if (!varint64(wide)) return false;
        if (wide > UINT32_MAX) {
            p_ = start;
            return false;
        }
        v = static_cast<uint32_t>(wide);
        return true;
    }

    bool varint64(uint64_t& v) {
        uint64_t sum = 0;
        const uint8_t* p = p_;
        for (unsigned shift = 0; shift < 64 && p != end_; shift += 7) {
            const uint64_t byte = *p++;
            if (shift == 63 && byte > 1) return false;
            sum |= (byte & 0x7f) << shift;
            if (byte < 0x80) {
                v = sum;
                p_ = p;
                return true;
            }
        }
        return false;
    }

private:
    const uint8_t* p_;
    const uint8_t* end_;
};

// Uninitialised memory that grows and is used again. reserve() may drop what the buffer held, and never gives null.
class Buffer {
public:
    uint8_t* reserve(size_t n) {
        if (n > capacity_ || capacity_ == 0) {
            release_above(0);
            const size_t room = n + n / 4 + 1024;
            data_ = std::make_unique_for_overwrite<uint8_t[]>(room);
            capacity_ = room;
        }
        return data_.get();
    }
    void release_above(size_t n) {
        if (capacity_ > n) {
            data_.reset();
            capacity_ = 0;
        }
    }
    uint8_t* data() const { return data_.get(); }
    size_t capacity() const { return capacity_; }

private:
    std::unique_ptr<uint8_t[]> data_;
    size_t capacity_ = 0;
};

}  // namespace dnstide
