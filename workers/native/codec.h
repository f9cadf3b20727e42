// One stored block to plain bytes, for each MTBL compression code.
//
// A Decoder keeps the contexts of the libraries, so it belongs to one thread at a time. The result points into the stored
// bytes (compression none) or into `out`, and lives until either is used again.
#pragma once

#include <cstdint>

#include "bytes.h"

struct libdeflate_decompressor;
struct ZSTD_DCtx_s;

namespace dnstide {

enum class Compression : uint8_t { none = 0, snappy = 1, zlib = 2, lz4 = 3, lz4hc = 4, zstd = 5 };
constexpr uint64_t kCompressions = 6;

const char* compression_name(Compression compression);

class Decoder {
public:
    Decoder() = default;
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    // `expected`: how large blocks of this table usually are. `limit`: the largest size that an intact block can have;
    // memory is taken only as far as the limit and as the stored bytes can account for. Throws Malformed (BAD_BLOCK).
    Bytes decode(Compression compression, Bytes stored, Buffer& out, uint64_t expected, uint64_t limit);

private:
    Bytes inflate(Bytes stored, Buffer& out, uint64_t expected, uint64_t limit);
    Bytes unzstd(Bytes stored, Buffer& out, uint64_t limit);

    libdeflate_decompressor* inflater_ = nullptr;
    ZSTD_DCtx_s* zstd_ = nullptr;
};

}  // namespace dnstide
