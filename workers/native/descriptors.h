// The open descriptors of the process's tables: a bounded number of them, of the tables read last.
//
// A shard knows thousands of tables and reads few at a time. Without a bound they take every descriptor of the process,
// and it can neither list its directory nor take a connection. So a descriptor that nobody reads from is closed when
// another table needs one, and opened again, and compared, when its table is read again.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>

namespace dnstide {

class OpenDescriptors;

// What tells a file from a later one of its name.
struct FileIdentity {
    uint64_t size = 0;
    uint64_t inode = 0;
    int64_t mtime_ns = 0;
    int64_t ctime_ns = 0;

    static FileIdentity of(const struct stat& status);
    bool operator==(const FileIdentity&) const = default;
};

// The descriptor of one file, which may be closed for a while. Any number of threads may use it at once.
class Descriptor {
public:
    // Opens the file. Throws TableError: TABLE_MISSING, or TABLE_UNREADABLE where the system refuses or it is no regular
    // file. Where the process runs out of descriptors its soft limit is raised to the hard one.
    explicit Descriptor(std::string path);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    const std::string& path() const { return path_; }
    const FileIdentity& identity() const { return identity_; }
    // Whether a use would begin without opening the file.
    bool is_open() const { return users_.load(std::memory_order_relaxed) >= 0; }

    // Holds the descriptor open. Opening it again throws as the constructor does, and TABLE_CHANGED where another file
    // bears the name by now.
    class Use {
    public:
        explicit Use(Descriptor& descriptor) : descriptor_(descriptor) {
            if (descriptor_.users_.fetch_add(1, std::memory_order_acquire) < 0) descriptor_.reopen();
            // Written only where it changes: the line is shared by all readers of the table.
            if (!descriptor_.used_.load(std::memory_order_relaxed)) descriptor_.used_.store(true, std::memory_order_relaxed);
        }
        ~Use() { descriptor_.users_.fetch_sub(1, std::memory_order_release); }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

        int fd() const { return descriptor_.fd_; }

    private:
        Descriptor& descriptor_;
    };

private:
    friend class OpenDescriptors;
    // Added to `users_` while the descriptor is closed, so that one addition tells a user both.
    static constexpr int64_t kClosed = INT64_MIN / 2;

    void reopen();
    bool close_unused();

    // That of the module which opened it: another one that links the reader has a registry of its own.
    OpenDescriptors& registry_;
    std::string path_;
    FileIdentity identity_;
    int fd_ = -1;
    std::atomic<int64_t> users_{0};
    std::atomic<bool> used_{true};
    std::mutex turning_;  // held while the descriptor is opened again or closed
    bool listed_ = false;
    std::list<Descriptor*>::iterator place_;
};

}  // namespace dnstide
