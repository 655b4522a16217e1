// Files that are read: from front to back, or mapped.
#include "../base/error.hpp"
#include "system.hpp"

#include <hetmap/detail/seam/file.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmap {
namespace core {

void refuse_file(char const* what, std::string const& path, int code) {
  clear_failed_index();
  std::string text("hetmap: cannot ");
  text.append(what).append(" '").append(path).append("': ");
  throw io_error(text.append(std::strerror(code)), code);
}

detail::descriptor opened(std::string const& path, int flags, char const* what) {
  // What stands behind a 0 would be left out, and another file opened.
  if (path.find('\0') != std::string::npos) refuse_file(what, path, EINVAL);
  int const d = retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (d == -1) refuse_file(what, path, errno);
  return detail::descriptor(d);
}

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

namespace {

/// Size, in bytes, from which on a file that is read once is not kept in the system's cache: it
/// would push out what is read again.
constexpr std::size_t large_file = std::size_t{256} << 20;

}  // namespace

int descriptor::close() noexcept {
  if (number_ == -1) return 0;
  // Where close() is interrupted the descriptor is gone all the same.
  return ::close(std::exchange(number_, -1)) == -1 && errno != EINTR ? errno : 0;
}

// -- input_file ------------------------------------------------------------------------------

input_file::input_file(std::string path)
    : path_(std::move(path)), file_(opened(path_, O_RDONLY, "read")) {
  struct stat s {};
  if (::fstat(file_.number(), &s) == 0 && S_ISDIR(s.st_mode)) refuse_file("read", path_, EISDIR);
  mark_ = read_mark(file_.number(), read_mark::how::streamed);
  large_ = size().value_or(0) >= large_file;
  posix_fadvise(file_.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::size_t input_file::read(void* to, std::size_t bytes) {
  if (error_ != 0) refuse_file("read", path_, error_);
  std::size_t got = 0;
  while (got != bytes) {
    auto const n = retried(
        [&] { return ::read(file_.number(), static_cast<std::byte*>(to) + got, bytes - got); });
    if (n == -1) {
      error_ = errno;
      if (got == 0) refuse_file("read", path_, error_);
      break;
    }
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  at_ += got;
  if (large_ && at_ - dropped_ >= 2 * advice_step) drop_behind();
  return got;
}

void input_file::refuse_early_end() const {
  if (error_ != 0) refuse_file("read", path_, error_);
  core::clear_failed_index();
  throw io_error(std::string("hetmap: '").append(path_).append("' ended before its last element"),
                 0);
}

void input_file::drop_behind() noexcept {
  std::size_t const to = at_ - advice_step;
  posix_fadvise(file_.number(), static_cast<off_t>(dropped_), static_cast<off_t>(to - dropped_),
                POSIX_FADV_DONTNEED);
  dropped_ = to;
}

void input_file::skip(std::size_t bytes) {
  if (::lseek(file_.number(), static_cast<off_t>(bytes), SEEK_CUR) != -1) {
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
  if (::fstat(file_.number(), &s) != 0 || !S_ISREG(s.st_mode)) return std::nullopt;
  return static_cast<std::size_t>(s.st_size);
}

// -- mapped_file -----------------------------------------------------------------------------

mapped_file::mapped_file(std::string path) : path_(std::move(path)) {
  descriptor const file = opened(path_, O_RDONLY, "map");
  struct stat s {};
  if (::fstat(file.number(), &s) != 0) refuse_file("map", path_, errno);
  if (!S_ISREG(s.st_mode)) refuse_file("map", path_, S_ISDIR(s.st_mode) ? EISDIR : ENODEV);
  mark_ = read_mark(file.number(), read_mark::how::mapped);
  if (s.st_size == 0) return;
  void* const all =
      ::mmap(nullptr, static_cast<std::size_t>(s.st_size), PROT_READ, MAP_SHARED, file.number(), 0);
  if (all == MAP_FAILED) refuse_file("map", path_, errno);
  data_ = static_cast<std::byte const*>(all);
  size_ = static_cast<std::size_t>(s.st_size);
}
mapped_file::~mapped_file() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}
mapped_file::mapped_file(mapped_file&& other) noexcept
    : path_(std::move(other.path_)),
      mark_(std::move(other.mark_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      dropped_(other.dropped_) {}
mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(mark_, other.mark_);
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

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
