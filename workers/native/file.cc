#include "file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "error.h"

namespace dnstide {
namespace {

std::string errno_text(int number) { return std::generic_category().message(number); }

}  // namespace

File::File(std::string path) : descriptor_(std::make_unique<Descriptor>(std::move(path))) {}

File::File(File&& other) noexcept
    : descriptor_(std::move(other.descriptor_)), knows_cached_(other.knows_cached_.load()) {}

void File::read(uint64_t offset, uint8_t* out, size_t n) const {
    const Descriptor::Use use(*descriptor_);
    while (n > 0) {
        const ssize_t got = ::pread(use.fd(), out, n, static_cast<off_t>(offset));
        if (got < 0) {
            if (errno == EINTR) continue;
            throw TableError(Code::table_unreadable, path(), offset, "cannot be read: " + errno_text(errno));
        }
        if (got == 0) {
            throw TableError(Code::table_changed, path(), offset,
                             "the file has shrunk since it was opened with " + std::to_string(size()) + " bytes");
        }
        out += got;
        offset += static_cast<uint64_t>(got);
        n -= static_cast<size_t>(got);
    }
}

bool File::read_cached(uint64_t offset, uint8_t* out, size_t n) const {
#if defined(RWF_NOWAIT)
    if (!knows_cached_.load(std::memory_order_relaxed) || !descriptor_->is_open()) return false;
    const Descriptor::Use use(*descriptor_);
    const iovec part{out, n};
    const ssize_t got = ::preadv2(use.fd(), &part, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (got < 0 && errno != EAGAIN && errno != EINTR) knows_cached_.store(false, std::memory_order_relaxed);
    return got >= 0 && static_cast<size_t>(got) == n;
#else
    (void)offset, (void)out, (void)n;
    return false;
#endif
}

void File::will_need(uint64_t offset, uint64_t n) const {
#if defined(POSIX_FADV_WILLNEED)
    const Descriptor::Use use(*descriptor_);
    // Only advice: where it fails the read that follows waits a little longer.
    (void)::posix_fadvise(use.fd(), static_cast<off_t>(offset), static_cast<off_t>(n), POSIX_FADV_WILLNEED);
#else
    (void)offset, (void)n;
#endif
}

bool File::changed() const {
    struct stat st {};
    try {
        const Descriptor::Use use(*descriptor_);
        if (::fstat(use.fd(), &st) != 0) return true;
    } catch (const TableError&) {
        return true;  // it cannot be opened again as what it was
    }
    return FileIdentity::of(st) != descriptor_->identity();
}

}  // namespace dnstide
