#include "../error.hpp"

#include <hetmap/detail/file.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
namespace {

/// Size, in bytes, from which on a file that is read once is not kept in the system's cache: it
/// would push out what is read again.
constexpr std::size_t large_file = std::size_t{256} << 20;

/// Bytes between two words with the system about its cache.
constexpr std::size_t advice_step = std::size_t{8} << 20;

[[noreturn]] void refuse(char const* what, std::string const& path, int code) {
  core::clear_failed_index();
  std::string text("hetmap: cannot ");
  text.append(what).append(" '").append(path).append("': ");
  throw io_error(text.append(std::strerror(code)), code);
}

/// Calls until it is not interrupted.
template <class Call>
auto retried(Call&& call) {
  for (;;) {
    auto const result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

int opened(std::string const& path, int flags, char const* what) {
  int const d = retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (d == -1) refuse(what, path, errno);
  return d;
}

/// Turns the signal of a closed pipe, which would end the process, into an error, on this thread.
class no_pipe_signal {
 public:
  no_pipe_signal() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~no_pipe_signal() {
    if (!was_pending_) {
      timespec const none{0, 0};
      while (sigtimedwait(&pipe_, nullptr, &none) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  no_pipe_signal(no_pipe_signal const&) = delete;
  no_pipe_signal& operator=(no_pipe_signal const&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace

// -- input_file ------------------------------------------------------------------------------

input_file::input_file(std::string path)
    : path_(std::move(path)), descriptor_(opened(path_, O_RDONLY, "read")) {
  large_ = size().value_or(0) >= large_file;
  posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}
input_file::~input_file() {
  if (descriptor_ != -1) ::close(descriptor_);
}
input_file::input_file(input_file&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      at_(other.at_),
      dropped_(other.dropped_),
      large_(other.large_) {}
input_file& input_file::operator=(input_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(at_, other.at_);
  std::swap(dropped_, other.dropped_);
  std::swap(large_, other.large_);
  return *this;
}

std::size_t input_file::read(void* to, std::size_t bytes) {
  std::size_t got = 0;
  while (got != bytes) {
    auto const n = retried(
        [&] { return ::read(descriptor_, static_cast<std::byte*>(to) + got, bytes - got); });
    if (n == -1) refuse("read", path_, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  at_ += got;
  if (large_ && at_ - dropped_ >= 2 * advice_step) drop_behind();
  return got;
}

void input_file::drop_behind() noexcept {
  std::size_t const to = at_ - advice_step;
  posix_fadvise(descriptor_, static_cast<off_t>(dropped_), static_cast<off_t>(to - dropped_),
                POSIX_FADV_DONTNEED);
  dropped_ = to;
}

void input_file::skip(std::size_t bytes) {
  if (::lseek(descriptor_, static_cast<off_t>(bytes), SEEK_CUR) != -1) {
    at_ += bytes;
    dropped_ = at_;
    return;
  }
  std::byte unused[4096];
  while (bytes != 0) {
    std::size_t const got = read(unused, std::min(bytes, sizeof unused));
    if (got == 0) return;
    bytes -= got;
  }
}

std::optional<std::size_t> input_file::size() const {
  struct stat s {};
  if (::fstat(descriptor_, &s) != 0 || !S_ISREG(s.st_mode)) return std::nullopt;
  return static_cast<std::size_t>(s.st_size);
}

// -- mapped_file -----------------------------------------------------------------------------

mapped_file::mapped_file(std::string path) : path_(std::move(path)) {
  int const d = opened(path_, O_RDONLY, "read");
  struct stat s {};
  int error = ::fstat(d, &s) != 0 ? errno : 0;
  if (error == 0 && !S_ISREG(s.st_mode)) error = ENODEV;
  if (error == 0 && s.st_size != 0) {
    void* const all =
        ::mmap(nullptr, static_cast<std::size_t>(s.st_size), PROT_READ, MAP_SHARED, d, 0);
    if (all == MAP_FAILED) {
      error = errno;
    } else {
      data_ = static_cast<std::byte const*>(all);
      size_ = static_cast<std::size_t>(s.st_size);
    }
  }
  ::close(d);
  if (error != 0) refuse("map", path_, error);
}
mapped_file::~mapped_file() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}
mapped_file::mapped_file(mapped_file&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      dropped_(other.dropped_) {}
mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(dropped_, other.dropped_);
  return *this;
}

void mapped_file::drop(std::size_t bytes) noexcept {
  auto const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t const to = std::min(bytes, size_) / page * page;
  if (to <= dropped_) return;
  ::madvise(const_cast<std::byte*>(data_) + dropped_, to - dropped_, MADV_DONTNEED);
  dropped_ = to;
}

// -- output_file -----------------------------------------------------------------------------

output_file::~output_file() { close(); }
output_file::output_file(output_file&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      seekable_(other.seekable_),
      at_(other.at_),
      started_(other.started_) {}
output_file& output_file::operator=(output_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(seekable_, other.seekable_);
  std::swap(at_, other.at_);
  std::swap(started_, other.started_);
  return *this;
}

void output_file::open(std::string path, bool keep) {
  close();
  path_ = std::move(path);
  struct stat s {};
  // A pipe cannot be opened for both without waiting for nobody.
  bool const regular = ::stat(path_.c_str(), &s) != 0 || S_ISREG(s.st_mode);
  int const access = regular ? O_RDWR : O_WRONLY;
  descriptor_ = opened(path_, access | O_CREAT | (keep || !regular ? 0 : O_TRUNC), "write");
  seekable_ = ::fstat(descriptor_, &s) == 0 && S_ISREG(s.st_mode);
  at_ = seekable_ ? static_cast<std::size_t>(s.st_size) : 0;
  started_ = at_;
  if (seekable_) ::lseek(descriptor_, static_cast<off_t>(at_), SEEK_SET);
}

void output_file::append(void const* from, std::size_t bytes) {
  std::optional<no_pipe_signal> quiet;
  if (!seekable_) quiet.emplace();
  std::size_t done = 0;
  while (done != bytes) {
    auto const n = retried([&] {
      return ::write(descriptor_, static_cast<std::byte const*>(from) + done, bytes - done);
    });
    if (n == -1) refuse("write", path_, errno);
    done += static_cast<std::size_t>(n);
    at_ += static_cast<std::size_t>(n);
  }
#ifdef SYNC_FILE_RANGE_WRITE
  // So that the disk works while more is computed, and not only at the end.
  if (seekable_ && at_ - started_ >= advice_step) {
    ::sync_file_range(descriptor_, static_cast<off_t>(started_), static_cast<off_t>(at_ - started_),
                      SYNC_FILE_RANGE_WRITE);
    started_ = at_;
  }
#endif
}

void output_file::rewrite_front(void const* from, std::size_t bytes) {
  std::size_t done = 0;
  while (done != bytes) {
    auto const n = retried([&] {
      return ::pwrite(descriptor_, static_cast<std::byte const*>(from) + done, bytes - done,
                      static_cast<off_t>(done));
    });
    if (n == -1) refuse("write", path_, errno);
    done += static_cast<std::size_t>(n);
  }
}

std::size_t output_file::read_front(void* to, std::size_t bytes) const {
  std::size_t got = 0;
  while (got != bytes) {
    auto const n = retried([&] {
      return ::pread(descriptor_, static_cast<std::byte*>(to) + got, bytes - got,
                     static_cast<off_t>(got));
    });
    if (n == -1) refuse("read", path_, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

void output_file::truncate(std::size_t bytes) {
  if (retried([&] { return ::ftruncate(descriptor_, static_cast<off_t>(bytes)); }) == -1)
    refuse("write", path_, errno);
  ::lseek(descriptor_, static_cast<off_t>(bytes), SEEK_SET);
  at_ = started_ = bytes;
}

std::size_t output_file::size() const { return at_; }

void output_file::finish() {
  if (descriptor_ == -1) return;
  // What cannot be written out at all (a pipe, a terminal) says so.
  int error = 0;
  if (retried([&] { return ::fsync(descriptor_); }) == -1 && errno != EINVAL && errno != ENOTSUP &&
      errno != EROFS)
    error = errno;
  if (::close(std::exchange(descriptor_, -1)) == -1 && error == 0 && errno != EINTR) error = errno;
  if (error != 0) refuse("write", path_, error);
}

void output_file::close() noexcept {
  if (descriptor_ != -1) ::close(std::exchange(descriptor_, -1));
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
