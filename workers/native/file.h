// One regular file, open for reading at offsets.
//
// Reads are pread into the caller's memory, never a mapping: a mapping of a file that shrinks raises SIGBUS, and when cold
// faults in megabytes a touch. Owns the descriptor, closed by the destructor; any number of threads may read at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace dnstide {

class File {
public:
    // Throws TableError: TABLE_MISSING, or TABLE_UNREADABLE where the system refuses or it is no regular file. When the
    // process runs out of descriptors its soft limit is raised to the hard one: a shard keeps thousands of tables open.
    explicit File(std::string path);
    ~File();
    File(File&& other) noexcept;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    File& operator=(File&&) = delete;

    const std::string& path() const { return path_; }
    uint64_t size() const { return size_; }
    int64_t mtime_ns() const { return mtime_ns_; }
    uint64_t inode() const { return inode_; }
    // The time of the last change of bytes or inode: no program can set it, so it tells what kept size and mtime.
    int64_t ctime_ns() const { return ctime_ns_; }

    // All of [offset, offset + n), or throws TABLE_CHANGED where the file ends sooner, TABLE_UNREADABLE on an I/O error.
    void read(uint64_t offset, uint8_t* out, size_t n) const;
    // As read, without waiting for a disk. False where not all bytes are in memory, or the file system cannot tell.
    bool read_cached(uint64_t offset, uint8_t* out, size_t n) const;
    // Asks the system to begin reading; returns at once.
    void will_need(uint64_t offset, uint64_t n) const;
    // True where the file is no longer as it was when opened (by size, modification and change time).
    bool changed() const;

private:
    int fd_;
    std::string path_;
    uint64_t size_ = 0;
    int64_t mtime_ns_ = 0;
    uint64_t inode_ = 0;
    int64_t ctime_ns_ = 0;
    mutable std::atomic<bool> knows_cached_{true};
};

}  // namespace dnstide
