#include "descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "error.h"

namespace dnstide {
namespace {

std::string errno_text(int number) { return std::generic_category().message(number); }

int64_t nanoseconds(const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

rlimit descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit : rlimit{1024, 1024};
}

// Whether the soft limit is above what it was when an open was refused: raised here, or by another thread meanwhile.
bool raise_descriptor_limit(rlim_t refused_at) {
    rlimit limit = descriptor_limit();
    if (limit.rlim_cur > refused_at) return true;
    if (limit.rlim_cur >= limit.rlim_max) return false;
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
        const rlim_t limit = descriptor_limit().rlim_cur;
        const int fd = ::open(path, flags);
        if (fd >= 0) return fd;
        if (errno == EINTR || (errno == EMFILE && raise_descriptor_limit(limit))) continue;
#if defined(O_NOATIME)
        if (errno == EPERM && (flags & O_NOATIME) != 0) {
            flags &= ~O_NOATIME;
            continue;
        }
#endif
        return -1;
    }
}

}  // namespace

// All that are open, in the order of a clock: the hand passes by those that were used since its last round.
class OpenDescriptors {
public:
    static OpenDescriptors& instance() {
        static OpenDescriptors* const only = new OpenDescriptors;  // tables may outlive all that is static
        return *only;
    }

    // A new descriptor for the path, or -1 with errno, as open(2). Closes others where the tables have their share, half
    // of what the process may have: the other half is for connections, listings and files of others.
    int open(const char* path) {
        {
            const std::lock_guard lock(mutex_);
            const size_t budget = std::max<size_t>(descriptor_limit().rlim_max / 2, 1);
            while (clock_.size() + opening_ >= budget && close_one()) {
            }
            ++opening_;
        }
        int fd;
        while ((fd = open_read_only(path)) < 0) {
            const int number = errno;
            const std::lock_guard lock(mutex_);
            errno = number;
            if ((number != EMFILE && number != ENFILE) || !close_one()) break;
        }
        const int number = errno;
        const std::lock_guard lock(mutex_);
        --opening_;
        errno = number;
        return fd;
    }

    void add(Descriptor& descriptor) {
        const std::lock_guard lock(mutex_);
        descriptor.place_ = clock_.insert(hand_, &descriptor);
        descriptor.listed_ = true;
    }

    void remove(Descriptor& descriptor) {
        const std::lock_guard lock(mutex_);
        if (descriptor.listed_) take(descriptor);
    }

private:
    bool close_one() {
        for (size_t left = 2 * clock_.size(); left > 0; --left) {
            if (hand_ == clock_.end()) hand_ = clock_.begin();
            Descriptor& met = **hand_;
            if (!met.used_.exchange(false, std::memory_order_relaxed) && met.close_unused()) {
                take(met);
                return true;
            }
            ++hand_;
        }
        return false;
    }

    void take(Descriptor& descriptor) {
        if (hand_ == descriptor.place_) ++hand_;
        clock_.erase(descriptor.place_);
        descriptor.listed_ = false;
    }

    std::mutex mutex_;
    std::list<Descriptor*> clock_;
    std::list<Descriptor*>::iterator hand_ = clock_.end();
    size_t opening_ = 0;
};

namespace {

// Opens the file of a table. Throws as the constructor of Descriptor says.
int open_table_file(OpenDescriptors& registry, const std::string& path, FileIdentity& identity) {
    const int fd = registry.open(path.c_str());
    if (fd < 0) {
        const int number = errno;
        if (number == ENOENT || number == ENOTDIR) {
            throw TableError(Code::table_missing, path, std::nullopt, "no such file");
        }
        throw TableError(Code::table_unreadable, path, std::nullopt, "cannot be opened: " + errno_text(number));
    }
    struct stat st {};
    std::string trouble;
    if (::fstat(fd, &st) != 0) {
        trouble = "cannot be examined: " + errno_text(errno);
    } else if (!S_ISREG(st.st_mode)) {
        trouble = "not a regular file";
    }
    if (!trouble.empty()) {
        ::close(fd);
        throw TableError(Code::table_unreadable, path, std::nullopt, trouble);
    }
    identity = FileIdentity::of(st);
    return fd;
}

}  // namespace

FileIdentity FileIdentity::of(const struct stat& status) {
    return {static_cast<uint64_t>(status.st_size), status.st_ino, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

Descriptor::Descriptor(std::string path)
    : registry_(OpenDescriptors::instance()),
      path_(std::move(path)),
      fd_(open_table_file(registry_, path_, identity_)) {
    registry_.add(*this);
}

Descriptor::~Descriptor() {
    registry_.remove(*this);
    if (fd_ >= 0) ::close(fd_);
}

void Descriptor::reopen() {
    try {
        const std::lock_guard turn(turning_);
        if (users_.load(std::memory_order_acquire) >= 0) return;  // another thread was first
        FileIdentity found;
        const int fd = open_table_file(registry_, path_, found);
        if (found != identity_) {
            ::close(fd);
            throw TableError(Code::table_changed, path_, std::nullopt, "another file bears its name since it was opened");
        }
        fd_ = fd;
        users_.fetch_sub(kClosed, std::memory_order_release);
        registry_.add(*this);
    } catch (...) {
        users_.fetch_sub(1, std::memory_order_relaxed);
        throw;
    }
}

bool Descriptor::close_unused() {
    const std::unique_lock turn(turning_, std::try_to_lock);  // never waits: whoever holds it may wait for the clock
    int64_t nobody = 0;
    if (!turn || !users_.compare_exchange_strong(nobody, kClosed, std::memory_order_acq_rel)) return false;
    ::close(std::exchange(fd_, -1));
    return true;
}

}  // namespace dnstide
