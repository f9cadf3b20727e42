#include "verify.h"

#include <string>

#include "thread_scratch.h"
#include "rrset.h"
#include "table_cursor.h"

namespace dnstide {
namespace {

enum Entry : uint8_t {
    rrset = 0x00,
    rrset_name_fwd = 0x01,
    rdata = 0x02,
    rdata_name_rev = 0x03,
    time_range = 0xFE,
    version = 0xFF,
};

void require_name_alone(Bytes key) {
    if (name_end(key, 1) != key.size()) not_dnstable("bytes are left over after a name");
}

void require_numbers(Bytes value, int n) {
    Cursor in(value);
    uint64_t number;
    for (int i = 0; i < n; ++i) {
        if (!in.varint64(number)) not_dnstable("a value has too few numbers");
    }
    if (!in.done()) not_dnstable("bytes are left over after a value");
}

// Throws where what should be a row, or the name of one, is none: such an entry is left out wherever it is met.
void require_row(Bytes key, Bytes value) {
    switch (key[0]) {
        case rrset:
            read_rrset_key(key);
            read_triplet(value);
            return;
        case rdata:
            read_rdata_row(key);
            read_triplet(value);
            return;
        default: return require_name_alone(key);
    }
}

void require_description(Bytes key, Bytes value) {
    switch (key[0]) {
        case time_range:
            if (key.size() != 1) not_dnstable("bytes are left over after a time range's type");
            return value.empty() ? void() : require_numbers(value, 2);  // empty: lost in a merge by older tools
        case version:
            if (key.size() != 2) not_dnstable("a version does not name one entry type");
            return value.empty() ? void() : require_numbers(value, 1);
        default: return;  // a description that is not known here
    }
}

// A lookup begins at a restart, so each must be an entry that shares nothing, and be met when stepping.
void require_restarts(const Block& block) {
    BlockCursor& step = thread_scratch<BlockCursor, Block>();
    step.reset(block);
    for (uint32_t i = 0; i < block.restarts; ++i) {
        const uint8_t* const at = block.entries + block.restart(i);
        while (step.position() < at && step.next()) {
        }
        if (step.position() != at) malformed("a restart is not at the beginning of an entry");
        if (step.next() && step.shared() != 0) malformed("entry at a restart shares key bytes");
    }
}

void require_equal(uint64_t counted, uint64_t said, const char* what) {
    if (counted == said) return;
    throw Malformed(Code::bad_offset, "the trailer says " + std::to_string(said) + " " + what + ", the blocks hold " +
                                          std::to_string(counted));
}

}  // namespace

Skipped verify(const Table& table, const Cancel* cancel) {
    Skipped skipped;
    uint64_t rows = 0;
    TableCursor cursor;
    cursor.attach(table, cancel);
    const Trailer& trailer = table.trailer();
    uint64_t entries = 0, keys = 0, values = 0;
    auto at = cursor.seek({});
    try {
        while (at == TableCursor::At::entry) {
            require_restarts(cursor.entries().block());
            do {
                require_entry_type(cursor.key());
                if (cursor.key()[0] > rdata_name_rev) {
                    require_description(cursor.key(), cursor.value());
                } else {
                    try {
                        require_row(cursor.key(), cursor.value());
                        ++rows;
                    } catch (const Malformed& m) {
                        require_odd_row(m);
                        skipped.add(cursor.extent().offset, m.reason);
                    }
                }
                ++entries;
                keys += cursor.key().size();
                values += cursor.value().size();
            } while (cursor.next());
            at = cursor.next_block();
        }
        if (rows == 0 && skipped.rows != 0) {
            throw table.error(Malformed(Code::not_dnstable, skipped.reason), skipped.offset);
        }
        require_equal(entries, trailer.entries, "entries");
        require_equal(keys, trailer.bytes_keys, "bytes of keys");
        require_equal(values, trailer.bytes_values, "bytes of values");
    } catch (const Malformed& m) {
        if (m.code == Code::bad_offset) throw table.error(m, table.file().size() - kTrailerBytes);
        cursor.rethrow(m);
    }
    return skipped;
}

}  // namespace dnstide
