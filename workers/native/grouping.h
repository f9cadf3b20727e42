// The ways in which rows are grouped. dnstide/mtbl/keys.py has the same numbers and the facts of each grouping;
// tests/mtbl/test_keys.py compares the two.
#pragma once

#include <cstdint>

namespace dnstide {

enum class Grouping : uint8_t {
    fqdn = 0,    // the owner name
    domain = 1,  // the registered domain; a name that has none stands for itself
    tld = 2,     // the last label; the root stands for itself
    depth = 3,   // the last k labels of the owner; in sums, everything at and under a name
    rdata = 4,   // the rdata and its type
};

constexpr unsigned kGroupings = 5;

}  // namespace dnstide
