// The parts of dnstable RRSET entries that a lookup reads, each checked against the end of its key or value.
//
//     key:    00 | owner, reversed, closed by a zero | rrtype varint | bailiwick, likewise | (varint length | rdata)…
//     value:  time_first | time_last | count, three varints; times in seconds since 1970
//
// The views point into the key and live as long as it does. Every breach throws Malformed (NOT_DNSTABLE).
#pragma once

#include <cstdint>

#include "bytes.h"
#include "rows.h"

namespace dnstide {

// 00 to 03 are rows, and what describes the table stands at the end of the range.
constexpr uint8_t kFirstDescription = 0xF0;

struct RrsetKey {
    Bytes owner;
    uint16_t rrtype;
    Bytes bailiwick;
};

struct Triplet {
    uint64_t first;
    uint64_t last;
    uint64_t count;
};

inline RrsetKey read_rrset_key(Bytes key) {
    RrsetKey row;
    const size_t owner_end = name_end(key, 1);
    row.owner = key.subspan(1, owner_end - 1);
    size_t at;
    row.rrtype = read_rrtype(key, owner_end, at);
    const size_t end = name_end(key, at);
    row.bailiwick = key.subspan(at, end - at);
    require_records(key, at);
    return row;
}

// A stored count of 0 is read as 1 and a stored time_last of 0 as time_first, as dnstable does.
inline Triplet read_triplet(Bytes value) {
    Cursor in(value);
    Triplet t;
    if (!in.varint64(t.first) || !in.varint64(t.last) || !in.varint64(t.count) || !in.done()) {
        not_dnstable("a value is not three numbers");
    }
    if (t.count == 0) t.count = 1;
    if (t.last == 0) t.last = t.first;
    return t;
}

// Throws where a table that holds this key cannot be a dnstable one.
inline void require_entry_type(Bytes key) {
    constexpr uint8_t last_row = 0x03;
    if (key.empty() || (key[0] > last_row && key[0] < kFirstDescription)) {
        not_dnstable("a key does not begin with the type of a dnstable entry");
    }
}

// Whether a table that holds this key can be a dnstable one: a quick look, for the first key of each block read. Throws
// where it cannot, or where the key is an odd one of a table that can.
inline void require_dnstable(Bytes key) {
    require_entry_type(key);
    if (key[0] == kRrset) {
        size_t end;
        read_rrtype(key, name_end(key, 1), end);
    }
}

}  // namespace dnstide
