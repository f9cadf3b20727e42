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
    std::optional<uint32_t> owner_labels;  // without the root's; none: any number

    bool passes(uint16_t rrtype) const {
        return rrtypes.empty() || std::ranges::find(rrtypes, rrtype) != rrtypes.end();
    }
    bool passes_owner(Bytes owner) const {
        if (!owner_labels) return true;
        uint32_t labels = 0;
        for (size_t at = 0; owner[at] != 0; at += 1 + size_t{owner[at]}) ++labels;
        return labels == *owner_labels;
    }
    bool passes(Bytes of_row) const { return !bailiwick || compare(bytes_of(*bailiwick), of_row) == 0; }
};

}  // namespace dnstide
