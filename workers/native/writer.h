// Writing MTBL tables with libmtbl, without its ways to end the process.
//
// libmtbl asserts when write() fails, when a block cannot be compressed, and in one case when it shortens an index
// key. So a TableWriter lets it write into memory (a memfd that never holds more than about one block, and the index
// at the end), copies from there to the real file with checked writes, and refuses what would trip an assertion
// before libmtbl sees it. Nothing here knows of Python; a TableWriter belongs to one thread at a time.
#pragma once

#include <mtbl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dnstide {

// What libmtbl would not survive: keys out of order, sizes past its limits.
class BadInput : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

struct WriterOptions {
    mtbl_compression_type compression = MTBL_COMPRESSION_ZLIB;
    std::optional<int> level;  // unset: the library's default
    std::size_t block_size = 8192;
    std::size_t restart_interval = 16;
};

class TableWriter {
public:
    // Appends the table to fd, which stays the caller's. std::system_error where memory cannot be had.
    TableWriter(int fd, const WriterOptions& options);
    ~TableWriter();
    TableWriter(const TableWriter&) = delete;
    TableWriter& operator=(const TableWriter&) = delete;

    // Keys must ascend strictly. BadInput refuses the entry and leaves the writer as it was; after a
    // std::system_error (the file could not be written) the table is lost.
    void add(std::string_view key, std::string_view value);

    // Writes what is left, the index and the trailer. Nothing may be added afterwards.
    void finish();

    std::uint64_t entries() const { return entries_; }

private:
    void check(std::string_view key, std::string_view value) const;
    void drain();

    int file_;
    int memory_;
    mtbl_writer* writer_;
    std::size_t block_size_;
    std::size_t undrained_ = 0;
    std::size_t index_bytes_ = 0;
    std::uint64_t entries_ = 0;
    std::string last_key_;
};

// Writes the union of sound tables in key order. A key that stands in several tables is passed to `combine` with
// all its values, which returns the value to store; what it throws ends the merge. The tables must have been
// verified: libmtbl aborts on damaged ones. BadInput where a table cannot be opened.
using Combine = std::function<std::string(std::string_view key, const std::vector<std::string>& values)>;
void merge_tables(const std::vector<std::string>& paths, TableWriter& out, const Combine& combine);

}  // namespace dnstide
