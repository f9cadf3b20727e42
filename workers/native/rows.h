// The parts of dnstable rows that sums need. Layouts are those of dnstide/mtbl/dnstable.py.
//
//     RRSET  00 | owner, reversed, closed by a zero | rrtype varint | bailiwick | rdata…
//     RDATA  02 | rdata | rrtype varint | owner, reversed | head that was sliced off | u16 LE length of rdata
//     value of both: time_first, time_last, count, three varints
//
// Everything is checked against the end of its key or value; every breach throws Malformed (NOT_DNSTABLE).
#pragma once

#include <cstdint>

#include "bytes.h"
#include "error.h"

namespace dnstide {

constexpr uint8_t kRrset = 0x00, kRdata = 0x02;

[[noreturn, gnu::cold, gnu::noinline]] inline void not_dnstable(const char* reason) {
    throw Malformed(Code::not_dnstable, reason);
}

// Where the name that begins at `at` ends, past its closing zero.
inline size_t name_end(Bytes key, size_t at) {
    const size_t start = at;
    while (at < key.size() && key[at] != 0) {
        if (key[at] > 63) not_dnstable("a label is longer than 63 bytes");
        at += 1 + size_t{key[at]};
    }
    if (at >= key.size()) not_dnstable("a name runs past its key");
    if (at + 1 - start > 255) not_dnstable("a name is longer than 255 bytes");
    return at + 1;
}

inline uint16_t read_rrtype(Bytes key, size_t at, size_t& end) {
    if (at < key.size() && key[at] < 0x80) [[likely]] {
        end = at + 1;
        return key[at];
    }
    Cursor in(at < key.size() ? key.subspan(at) : Bytes());
    uint64_t type;
    if (!in.varint64(type) || type > UINT16_MAX) not_dnstable("a record type is not from 0 to 65535");
    end = key.size() - in.remaining();
    if (key[end - 1] == 0) not_dnstable("a record type has more bytes than it needs");
    return static_cast<uint16_t>(type);
}

// A stored count of 0 is read as 1, as dnstable does.
inline uint64_t read_count(Bytes value) {
    const uint8_t* p = value.data();
    const uint8_t* const end = p + value.size();
    // Times of this century are five bytes each; the count follows.
    if (value.size() >= 11 && (load_le64(p) & 0x8080808080808080) == 0x8080800080808080 && p[8] >= 0x80 && p[9] < 0x80)
        [[likely]] {
        const bool two = value.size() == 12;
        const uint64_t last = end[-1];
        if (value.size() <= 12 && last < 0x80 && (p[10] >= 0x80) == two) {
            const uint64_t count = two ? (p[10] & 0x7fu) | last << 7 : last;
            return count != 0 ? count : 1;
        }
    }
    Cursor in(Bytes(p, end));
    uint64_t first, last, count;
    if (!in.varint64(first) || !in.varint64(last) || !in.varint64(count) || !in.done()) {
        not_dnstable("a value is not three numbers");
    }
    return count != 0 ? count : 1;
}

// Checks what follows the record type of an RRSET key: the bailiwick, and each record with its length.
inline void require_records(Bytes key, size_t at) {
    at = name_end(key, at);
    while (at < key.size()) {
        if (key[at] < 0x80) [[likely]] {
            at += 1 + size_t{key[at]};
            continue;
        }
        Cursor in(key.subspan(at));
        uint64_t size;
        if (!in.varint64(size) || size > in.remaining()) not_dnstable("rdata runs past its key");
        at = key.size() - in.remaining() + static_cast<size_t>(size);
    }
    if (at != key.size()) not_dnstable("rdata runs past its key");
}

struct RdataRow {
    size_t group;  // where rdata and rrtype end, by which the row is grouped
    size_t owner;  // where the owner begins
    size_t owner_end;
    uint16_t rrtype;
    bool sliced;   // stands a second time, under its whole rdata
};

inline RdataRow read_rdata_row(Bytes key) {
    if (key.size() < 3) not_dnstable("an rdata entry is too short");
    const Bytes head = key.first(key.size() - 2);
    const size_t length = key[key.size() - 2] | size_t{key[key.size() - 1]} << 8;
    if (1 + length >= head.size()) not_dnstable("rdata runs past its key");
    RdataRow row{};
    row.rrtype = read_rrtype(head, 1 + length, row.group);
    row.owner = row.group;
    row.owner_end = name_end(head, row.owner);
    row.sliced = row.owner_end != head.size();
    return row;
}

}  // namespace dnstide
