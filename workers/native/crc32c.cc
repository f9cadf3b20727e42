#include "crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace dnstide {
namespace {

// Polynomials over GF(2) modulo Castagnoli's, in the reflected form that the instruction uses: bit 31 is x^0.
constexpr uint32_t kPolynomial = 0x82F63B78;

constexpr uint32_t times_x(uint32_t v) { return (v >> 1) ^ ((v & 1) != 0 ? kPolynomial : 0); }

constexpr auto kTable = [] {
    // kTable[k][b]: what byte b does to the register when k more bytes follow it ("slicing by 8").
    std::array<std::array<uint32_t, 256>, 8> table{};
    for (uint32_t b = 0; b < 256; ++b) {
        uint32_t v = b;
        for (int i = 0; i < 8; ++i) v = times_x(v);
        table[0][b] = v;
    }
    for (size_t k = 1; k < 8; ++k) {
        for (size_t b = 0; b < 256; ++b) table[k][b] = (table[k - 1][b] >> 8) ^ table[0][table[k - 1][b] & 0xff];
    }
    return table;
}();

uint32_t by_table(uint32_t crc, const uint8_t* p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        const uint32_t a = load_le32(p) ^ crc;
        const uint32_t b = load_le32(p + 4);
        crc = kTable[7][a & 0xff] ^ kTable[6][(a >> 8) & 0xff] ^ kTable[5][(a >> 16) & 0xff] ^ kTable[4][a >> 24] ^
              kTable[3][b & 0xff] ^ kTable[2][(b >> 8) & 0xff] ^ kTable[1][(b >> 16) & 0xff] ^ kTable[0][b >> 24];
    }
    for (; n > 0; --n, ++p) crc = (crc >> 8) ^ kTable[0][(crc ^ *p) & 0xff];
    return crc;
}

#if defined(__x86_64__)

constexpr uint32_t x_to_the(unsigned n) {
    uint32_t v = 0x80000000u;
    while (n-- > 0) v = times_x(v);
    return v;
}

// The instruction takes 3 cycles but starts one a cycle, so three lanes run side by side. A lane that L bytes follow must
// be multiplied by x^(8L); a carry-less product fed through the instruction once more gains x^33, hence the exponents.
template <size_t kLane>
__attribute__((target("sse4.2,pclmul"))) inline uint64_t three_lanes(uint64_t crc, const uint8_t*& p, size_t& n) {
    constexpr uint32_t far = x_to_the(16 * kLane - 33);
    constexpr uint32_t near = x_to_the(8 * kLane - 33);
    while (n >= 3 * kLane) {
        uint64_t a = crc, b = 0, c = 0;
        for (size_t i = 0; i < kLane; i += 8) {
            a = _mm_crc32_u64(a, load_le64(p + i));
            b = _mm_crc32_u64(b, load_le64(p + kLane + i));
            c = _mm_crc32_u64(c, load_le64(p + 2 * kLane + i));
        }
        const __m128i fa = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(a)), _mm_cvtsi64_si128(far), 0);
        const __m128i fb = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(b)), _mm_cvtsi64_si128(near), 0);
        crc = _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_xor_si128(fa, fb)))) ^ c;
        p += 3 * kLane;
        n -= 3 * kLane;
    }
    return crc;
}

__attribute__((target("sse4.2,pclmul"))) uint32_t by_instruction(uint32_t start, const uint8_t* p, size_t n) {
    uint64_t crc = three_lanes<512>(start, p, n);
    crc = three_lanes<64>(crc, p, n);
    for (; n >= 8; n -= 8, p += 8) crc = _mm_crc32_u64(crc, load_le64(p));
    auto tail = static_cast<uint32_t>(crc);
    for (; n > 0; --n, ++p) tail = _mm_crc32_u8(tail, *p);
    return tail;
}

bool has_instruction() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }

#elif defined(__aarch64__) && defined(__linux__)

__attribute__((target("+crc"))) uint32_t by_instruction(uint32_t crc, const uint8_t* p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) crc = __crc32cd(crc, load_le64(p));
    for (; n > 0; --n, ++p) crc = __crc32cb(crc, *p);
    return crc;
}

bool has_instruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

constexpr auto by_instruction = by_table;
bool has_instruction() { return false; }

#endif

}  // namespace

uint32_t crc32c_portable(Bytes bytes) { return ~by_table(~0u, bytes.data(), bytes.size()); }

uint32_t crc32c(Bytes bytes) {
    static const bool fast = has_instruction();
    return fast ? ~by_instruction(~0u, bytes.data(), bytes.size()) : crc32c_portable(bytes);
}

}  // namespace dnstide
