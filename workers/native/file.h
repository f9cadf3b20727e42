// One regular file, open for reading at offsets.
//
// Reads are pread into the caller's memory, never a mapping: a mapping of a file that shrinks raises SIGBUS, and when cold
// faults in megabytes a touch. Any number of threads may read at once. The descriptor may be closed between reads
// (descriptors.h): where another file bears the name by then, reads throw TABLE_CHANGED.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "descriptors.h"

namespace dnstide {

class File {
public:
    // Throws TableError: TABLE_MISSING, or TABLE_UNREADABLE where the system refuses or it is no regular file.
    explicit File(std::string path);
    File(File&& other) noexcept;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    File& operator=(File&&) = delete;

    const std::string& path() const { return descriptor_->path(); }
    uint64_t size() const { return descriptor_->identity().size; }
    int64_t mtime_ns() const { return descriptor_->identity().mtime_ns; }
    uint64_t inode() const { return descriptor_->identity().inode; }
    // The time of the last change of bytes or inode: no program can set it, so it tells what kept size and mtime.
    int64_t ctime_ns() const { return descriptor_->identity().ctime_ns; }

    // All of [offset, offset + n), or throws TABLE_CHANGED where the file ends sooner, TABLE_UNREADABLE on an I/O error.
    void read(uint64_t offset, uint8_t* out, size_t n) const;
    // As read, without waiting for a disk. False where not all bytes are in memory, or the file system cannot tell.
    bool read_cached(uint64_t offset, uint8_t* out, size_t n) const;
    // Asks the system to begin reading; returns at once.
    void will_need(uint64_t offset, uint64_t n) const;
    // True where the file is no longer as it was when opened (by size, modification and change time).
    bool changed() const;

private:
    std::unique_ptr<Descriptor> descriptor_;
    mutable std::atomic<bool> knows_cached_{true};
};

}  // namespace dnstide
