// Errors of tables, as C++ exceptions. They are thrown on the rare path only; module.cc turns each into its Python class.
//
// Code that sees a block but not the file it came from throws Malformed; the table adds the path and the offset.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace dnstide {

enum class Code {
    table_missing,
    table_unreadable,
    table_too_short,
    bad_magic,
    bad_offset,
    bad_checksum,
    bad_block,
    unknown_compression,
    not_dnstable,
    table_changed,
};

// The name that travels: the `code` of the Python class.
constexpr const char* code_name(Code code) {
    switch (code) {
        case Code::table_missing: return "TABLE_MISSING";
        case Code::table_unreadable: return "TABLE_UNREADABLE";
        case Code::table_too_short: return "TABLE_TOO_SHORT";
        case Code::bad_magic: return "BAD_MAGIC";
        case Code::bad_offset: return "BAD_OFFSET";
        case Code::bad_checksum: return "BAD_CHECKSUM";
        case Code::bad_block: return "BAD_BLOCK";
        case Code::unknown_compression: return "UNKNOWN_COMPRESSION";
        case Code::not_dnstable: return "NOT_DNSTABLE";
        case Code::table_changed: return "TABLE_CHANGED";
    }
    return "BAD_BLOCK";
}

class TableError : public std::exception {
public:
    TableError(Code code, std::string path, std::optional<uint64_t> offset, std::string reason)
        : code(code), path(std::move(path)), offset(offset), reason(std::move(reason)) {}
    const char* what() const noexcept override { return reason.c_str(); }

    Code code;
    std::string path;
    std::optional<uint64_t> offset;
    std::string reason;
};

class Malformed : public std::exception {
public:
    Malformed(Code code, std::string reason) : code(code), reason(std::move(reason)) {}
    const char* what() const noexcept override { return reason.c_str(); }

    Code code;
    std::string reason;
};

[[noreturn, gnu::cold, gnu::noinline]] inline void malformed(const char* reason) {
    throw Malformed(Code::bad_block, reason);
}

struct Cancelled : std::exception {};
struct DeadlineExceeded : std::exception {};
struct CountOverflow : std::exception {};

}  // namespace dnstide
