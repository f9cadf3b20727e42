// Which rows count: the one form in which lookups and scans are given a filter.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bytes.h"

namespace dnstide {

struct RowFilter {
    std::vector<uint16_t> rrtypes;         // empty: all record types
    std::optional<std::string> bailiwick;  // reversed, closed by a zero; none: all bailiwicks

    bool passes(uint16_t rrtype) const {
        return rrtypes.empty() || std::ranges::find(rrtypes, rrtype) != rrtypes.end();
    }
    bool passes(Bytes of_row) const { return !bailiwick || compare(bytes_of(*bailiwick), of_row) == 0; }
};

}  // namespace dnstide
