#include "file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "error.h"

namespace dnstide {
namespace {

std::string errno_text(int number) { return std::generic_category().message(number); }

bool raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return false;
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

int open_read_only(const char* path) {
    // O_NONBLOCK: opening a FIFO that nobody writes to would otherwise wait for ever.
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
#if defined(O_NOATIME)
    flags |= O_NOATIME;  // saves a little on each read; allowed to the file's owner only
#endif
    for (;;) {
        const int fd = ::open(path, flags);
        if (fd >= 0) return fd;
        if (errno == EINTR || (errno == EMFILE && raise_descriptor_limit())) continue;
#if defined(O_NOATIME)
        if (errno == EPERM && (flags & O_NOATIME) != 0) {
            flags &= ~O_NOATIME;
            continue;
        }
#endif
        return -1;
    }
}

int64_t nanoseconds(const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

}  // namespace

File::File(std::string path) : fd_(open_read_only(path.c_str())), path_(std::move(path)) {
    if (fd_ < 0) {
        const int number = errno;
        if (number == ENOENT || number == ENOTDIR) {
            throw TableError(Code::table_missing, path_, std::nullopt, "no such file");
        }
        throw TableError(Code::table_unreadable, path_, std::nullopt, "cannot be opened: " + errno_text(number));
    }
    struct stat st {};
    std::string trouble;
    if (::fstat(fd_, &st) != 0) {
        trouble = "cannot be examined: " + errno_text(errno);
    } else if (!S_ISREG(st.st_mode)) {
        trouble = "not a regular file";
    }
    if (!trouble.empty()) {
        ::close(fd_);
        throw TableError(Code::table_unreadable, path_, std::nullopt, trouble);
    }
    size_ = static_cast<uint64_t>(st.st_size);
    mtime_ns_ = nanoseconds(st.st_mtim);
    inode_ = st.st_ino;
    ctime_ns_ = nanoseconds(st.st_ctim);
}

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      size_(other.size_),
      mtime_ns_(other.mtime_ns_),
      inode_(other.inode_),
      ctime_ns_(other.ctime_ns_),
      knows_cached_(other.knows_cached_.load()) {}

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

void File::read(uint64_t offset, uint8_t* out, size_t n) const {
    while (n > 0) {
        const ssize_t got = ::pread(fd_, out, n, static_cast<off_t>(offset));
        if (got < 0) {
            if (errno == EINTR) continue;
            throw TableError(Code::table_unreadable, path_, offset, "cannot be read: " + errno_text(errno));
        }
        if (got == 0) {
            throw TableError(Code::table_changed, path_, offset,
                             "the file has shrunk since it was opened with " + std::to_string(size_) + " bytes");
        }
        out += got;
        offset += static_cast<uint64_t>(got);
        n -= static_cast<size_t>(got);
    }
}

bool File::read_cached(uint64_t offset, uint8_t* out, size_t n) const {
#if defined(RWF_NOWAIT)
    if (!knows_cached_.load(std::memory_order_relaxed)) return false;
    const iovec part{out, n};
    const ssize_t got = ::preadv2(fd_, &part, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (got < 0 && errno != EAGAIN && errno != EINTR) knows_cached_.store(false, std::memory_order_relaxed);
    return got >= 0 && static_cast<size_t>(got) == n;
#else
    (void)offset, (void)out, (void)n;
    return false;
#endif
}

void File::will_need(uint64_t offset, uint64_t n) const {
#if defined(POSIX_FADV_WILLNEED)
    // Only advice: where it fails the read that follows waits a little longer.
    (void)::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(n), POSIX_FADV_WILLNEED);
#else
    (void)offset, (void)n;
#endif
}

bool File::changed() const {
    struct stat st {};
    return ::fstat(fd_, &st) != 0 || static_cast<uint64_t>(st.st_size) != size_ ||
           nanoseconds(st.st_mtim) != mtime_ns_ || nanoseconds(st.st_ctim) != ctime_ns_;
}

}  // namespace dnstide
