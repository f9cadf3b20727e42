// Rows that are none under a sound checksum, as an older exporter or a foreign tool may write them. They are left out,
// counted and told, as dnstable leaves them out; a damaged block is another matter and fails its table.
#pragma once

#include <cstdint>
#include <string>

#include "error.h"

namespace dnstide {

struct Skipped {
    uint64_t rows = 0;
    uint64_t offset = 0;  // of the first block that holds one
    std::string reason;   // of that one

    void add(uint64_t at, const std::string& why) {
        if (rows == 0 || at < offset) {
            offset = at;
            reason = why;
        }
        ++rows;
    }
    void add(const Skipped& other) {
        if (other.rows != 0 && (rows == 0 || other.offset < offset)) {
            offset = other.offset;
            reason = other.reason;
        }
        rows += other.rows;
    }
};

// Rethrows what is no odd row; to be called where a Malformed was caught.
inline void require_odd_row(const Malformed& m) {
    if (m.code != Code::not_dnstable) throw m;
}

}  // namespace dnstide
