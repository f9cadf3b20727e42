#include "codec.h"

#include <libdeflate.h>
#include <lz4.h>
#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>

#include "error.h"

namespace dnstide {
namespace {

// The most that one stored byte can become: RFC 1951 length 258 in 2 bits; an LZ4 length byte adds 255; a snappy copy
// writes 64 bytes from 2. Zstandard has no such bound, there the limit alone holds.
constexpr uint64_t kInflateRatio = 1032;
constexpr uint64_t kLz4Ratio = 255;
constexpr uint64_t kSnappyRatio = 32;
constexpr uint64_t kSlack = 64;

[[noreturn]] void too_large() { malformed("block decompresses to more than the table can hold"); }

uint64_t bounded(uint64_t limit, size_t stored, uint64_t ratio) {
    return stored < (UINT64_MAX - kSlack) / ratio ? std::min(limit, stored * ratio + kSlack) : limit;
}

Bytes unsnappy(Bytes stored, Buffer& out, uint64_t limit) {
    const auto* data = reinterpret_cast<const char*>(stored.data());
    size_t size = 0;
    if (!snappy::GetUncompressedLength(data, stored.size(), &size)) malformed("snappy block has no length");
    if (size > bounded(limit, stored.size(), kSnappyRatio)) too_large();
    uint8_t* raw = out.reserve(size);
    if (!snappy::RawUncompress(data, stored.size(), reinterpret_cast<char*>(raw))) {
        malformed("snappy block does not decompress");
    }
    return {raw, size};
}

Bytes unlz4(Bytes stored, Buffer& out, uint64_t limit) {
    constexpr size_t max_size = std::numeric_limits<int>::max();
    if (stored.size() < 4 || stored.size() - 4 > max_size) malformed("lz4 block has no length");
    const uint32_t size = load_le32(stored.data());
    if (size > bounded(std::min<uint64_t>(limit, max_size), stored.size(), kLz4Ratio)) too_large();
    uint8_t* raw = out.reserve(size);
    const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(stored.data()) + 4, reinterpret_cast<char*>(raw),
                                        static_cast<int>(stored.size() - 4), static_cast<int>(size));
    if (got < 0 || static_cast<uint32_t>(got) != size) malformed("lz4 block does not decompress to its length");
    return {raw, size};
}

}  // namespace

const char* compression_name(Compression compression) {
    constexpr const char* names[kCompressions] = {"none", "snappy", "zlib", "lz4", "lz4hc", "zstd"};
    return names[static_cast<size_t>(compression)];
}

Decoder::~Decoder() {
    libdeflate_free_decompressor(inflater_);
    ZSTD_freeDCtx(zstd_);
}

Bytes Decoder::decode(Compression compression, Bytes stored, Buffer& out, uint64_t expected, uint64_t limit) {
    switch (compression) {
        case Compression::none: return stored;
        case Compression::snappy: return unsnappy(stored, out, limit);
        case Compression::zlib: return inflate(stored, out, expected, limit);
        case Compression::lz4:
        case Compression::lz4hc: return unlz4(stored, out, limit);
        case Compression::zstd: return unzstd(stored, out, limit);
    }
    malformed("unknown compression");
}

Bytes Decoder::inflate(Bytes stored, Buffer& out, uint64_t expected, uint64_t limit) {
    if (inflater_ == nullptr && (inflater_ = libdeflate_alloc_decompressor()) == nullptr) throw std::bad_alloc();
    // A zlib stream does not say how large it becomes. The buffer is kept for the next block, so growing is rare.
    const uint64_t max_room = bounded(limit, stored.size(), kInflateRatio);
    uint64_t room = std::clamp<uint64_t>(expected, std::min<uint64_t>(out.capacity(), max_room), max_room);
    for (;;) {
        uint8_t* raw = out.reserve(static_cast<size_t>(room));
        size_t used = 0, size = 0;
        switch (libdeflate_zlib_decompress_ex(inflater_, stored.data(), stored.size(), raw, static_cast<size_t>(room),
                                              &used, &size)) {
            case LIBDEFLATE_SUCCESS:
                if (used != stored.size()) malformed("bytes are left over after the zlib stream");
                return {raw, size};
            case LIBDEFLATE_INSUFFICIENT_SPACE:
                if (room >= max_room) too_large();
                // The trailer's block size, the first guess, may be anything, zero too.
                room = room < max_room / 2 ? std::max<uint64_t>(room * 2, std::min<uint64_t>(max_room, 4096)) : max_room;
                break;
            default: malformed("zlib stream does not decompress");
        }
    }
}

Bytes Decoder::unzstd(Bytes stored, Buffer& out, uint64_t limit) {
    if (zstd_ == nullptr && (zstd_ = ZSTD_createDCtx()) == nullptr) throw std::bad_alloc();
    const unsigned long long size = ZSTD_getFrameContentSize(stored.data(), stored.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) malformed("zstd frame has no content size");
    if (size > limit) too_large();
    uint8_t* raw = out.reserve(static_cast<size_t>(size));
    const size_t got = ZSTD_decompressDCtx(zstd_, raw, static_cast<size_t>(size), stored.data(), stored.size());
    if (ZSTD_isError(got) != 0 || got != size) malformed("zstd frame does not decompress to its content size");
    return {raw, static_cast<size_t>(size)};
}

}  // namespace dnstide
