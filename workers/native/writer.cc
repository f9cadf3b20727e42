#include "writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace dnstide {
namespace {

// Far below the 2 GiB at which libmtbl's compressors refuse a block (which it asserts on).
constexpr std::size_t kMaxEntry = std::size_t{64} << 20;
constexpr std::size_t kMaxBlock = std::size_t{256} << 20;
constexpr std::size_t kMinBlock = 1024;  // libmtbl silently raises smaller ones
// The index is one block and is held in memory until the end.
constexpr std::size_t kMaxIndex = std::size_t{1} << 30;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

const std::uint8_t* bytes(std::string_view s) { return reinterpret_cast<const std::uint8_t*>(s.data()); }

std::string hex(std::string_view s) {
    static const char* digits = "0123456789abcdef";
    std::string out;
    for (unsigned char c : s.substr(0, 32)) {
        out += digits[c >> 4];
        out += digits[c & 15];
    }
    return s.size() > 32 ? out + "..." : out;
}

void write_all(int fd, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t n = ::write(fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("write");
        data += n;
        size -= static_cast<std::size_t>(n);
    }
}

}  // namespace

TableWriter::TableWriter(int fd, const WriterOptions& options) : file_(fd), block_size_(options.block_size) {
    if (options.block_size < kMinBlock || options.block_size > kMaxBlock)
        throw BadInput("block size " + std::to_string(options.block_size) + " is not from 1024 to 268435456 bytes");
    if (options.restart_interval < 1 || options.restart_interval > 65536)
        throw BadInput("restart interval " + std::to_string(options.restart_interval) + " is not from 1 to 65536");
    memory_ = ::memfd_create("dnstide-writer", MFD_CLOEXEC);
    if (memory_ < 0) fail("memfd_create");
    mtbl_writer_options* opt = mtbl_writer_options_init();
    mtbl_writer_options_set_compression(opt, options.compression);
    if (options.level) mtbl_writer_options_set_compression_level(opt, *options.level);
    mtbl_writer_options_set_block_size(opt, options.block_size);
    mtbl_writer_options_set_block_restart_interval(opt, options.restart_interval);
    writer_ = mtbl_writer_init_fd(memory_, opt);
    mtbl_writer_options_destroy(&opt);
}

TableWriter::~TableWriter() {
    mtbl_writer_destroy(&writer_);
    ::close(memory_);
}

void TableWriter::check(std::string_view key, std::string_view value) const {
    if (writer_ == nullptr) throw BadInput("the table is finished");
    if (key.empty()) throw BadInput("an empty key cannot be stored");
    if (key.size() > kMaxEntry || value.size() > kMaxEntry - key.size())
        throw BadInput("entry " + hex(key) + " of " + std::to_string(key.size() + value.size()) +
                       " bytes is larger than 64 MiB");
    if (entries_ == 0) return;
    if (key <= std::string_view(last_key_))
        throw BadInput("key " + hex(key) + " does not follow " + hex(last_key_) + ": keys must ascend and be unique");
    // Between these two, libmtbl's index key would carry over into the second and trip its own assertion.
    const auto previous = static_cast<unsigned char>(last_key_[0]);
    if (key.size() == 1 && static_cast<unsigned char>(key[0]) == previous + 1 &&
        (last_key_.size() == 1 || static_cast<unsigned char>(last_key_[1]) == 0xFF))
        throw BadInput("libmtbl cannot store the one-byte key " + hex(key) + " right after " + hex(last_key_));
    if (index_bytes_ > kMaxIndex) throw BadInput("the index would pass 1 GiB: use larger blocks");
}

void TableWriter::add(std::string_view key, std::string_view value) {
    check(key, value);
    if (mtbl_writer_add(writer_, bytes(key), key.size(), bytes(value), value.size()) != mtbl_res_success)
        throw BadInput("libmtbl refused key " + hex(key));
    last_key_.assign(key);
    ++entries_;
    // A block is written once its entries reach block_size; every byte of them was counted here.
    undrained_ += key.size() + value.size() + 16;
    if (undrained_ >= block_size_) {
        index_bytes_ += key.size() + 32;
        drain();
    }
}

void TableWriter::finish() {
    if (writer_ == nullptr) throw BadInput("the table is finished");
    mtbl_writer_destroy(&writer_);
    drain();
}

void TableWriter::drain() {
    char buffer[65536];
    off_t at = 0;
    for (;;) {
        const ssize_t n = ::pread(memory_, buffer, sizeof buffer, at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("read back");
        if (n == 0) break;
        write_all(file_, buffer, static_cast<std::size_t>(n));
        at += n;
    }
    // libmtbl counts offsets itself and never seeks, so its file may begin anew.
    if (at > 0 && (::ftruncate(memory_, 0) != 0 || ::lseek(memory_, 0, SEEK_SET) != 0)) fail("reuse memory");
    undrained_ = 0;
}

namespace {

struct CloseReader {
    void operator()(mtbl_reader* r) const { mtbl_reader_destroy(&r); }
};
struct CloseMerger {
    void operator()(mtbl_merger* m) const { mtbl_merger_destroy(&m); }
};
struct CloseIter {
    void operator()(mtbl_iter* i) const { mtbl_iter_destroy(&i); }
};

}  // namespace

void merge_tables(const std::vector<std::string>& paths, TableWriter& out, const Combine& combine) {
    std::vector<std::unique_ptr<mtbl_reader, CloseReader>> readers;
    // Without a merge function libmtbl hands out equal keys one after the other, and merging them is done here,
    // where a failure can be an exception.
    mtbl_merger_options* opt = mtbl_merger_options_init();
    std::unique_ptr<mtbl_merger, CloseMerger> merger(mtbl_merger_init(opt));
    mtbl_merger_options_destroy(&opt);
    for (const std::string& path : paths) {
        readers.emplace_back(mtbl_reader_init(path.c_str(), nullptr));
        if (!readers.back()) throw BadInput(path + ": libmtbl cannot open it");
        if (mtbl_metadata_count_entries(mtbl_reader_metadata(readers.back().get())) > 0)
            mtbl_merger_add_source(merger.get(), mtbl_reader_source(readers.back().get()));
    }
    std::unique_ptr<mtbl_iter, CloseIter> it(mtbl_source_iter(mtbl_merger_source(merger.get())));

    std::string key;
    std::vector<std::string> values;
    const auto emit = [&] {
        if (values.empty()) return;
        out.add(key, values.size() == 1 ? values.front() : combine(key, values));
        values.clear();
    };
    const std::uint8_t *k, *v;
    std::size_t k_size, v_size;
    while (mtbl_iter_next(it.get(), &k, &k_size, &v, &v_size) == mtbl_res_success) {
        const std::string_view next(reinterpret_cast<const char*>(k), k_size);
        if (next != key || values.empty()) {
            emit();
            key.assign(next);
        }
        values.emplace_back(reinterpret_cast<const char*>(v), v_size);
    }
    emit();
}

}  // namespace dnstide
