// CRC32C (Castagnoli, RFC 3720 appendix B.4), the checksum of every MTBL block. Pure functions; any thread.
#pragma once

#include <cstdint>

#include "bytes.h"

namespace dnstide {

// With the processor's instruction where there is one (x86 SSE4.2 with PCLMULQDQ, ARMv8 CRC), else the table.
uint32_t crc32c(Bytes bytes);
// By table only, as on processors without the instruction; it is public so that tests can compare the two.
uint32_t crc32c_portable(Bytes bytes);

}  // namespace dnstide
