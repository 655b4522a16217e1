// Files as sources and sinks use them: read once from front to back, mapped, or written so that
// what is complete stays readable.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A file, or anything else with a path that can be read, from front to back.
class HETMAP_API input_file {
 public:
  /// Throws:   io_error.
  explicit input_file(std::string path);
  ~input_file();
  input_file(input_file&& other) noexcept;
  input_file& operator=(input_file&& other) noexcept;

  /// The next bytes; fewer than `bytes` only at the end.
  ///
  /// Throws:   io_error.
  std::size_t read(void* to, std::size_t bytes);
  /// Leaves out the next bytes. Throws: io_error.
  void skip(std::size_t bytes);

  /// Size, in bytes; nothing where there is none, as of a pipe.
  [[nodiscard]] std::optional<std::size_t> size() const;
  [[nodiscard]] std::string const& path() const noexcept { return path_; }

 private:
  void drop_behind() noexcept;

  std::string path_;
  int descriptor_ = -1;
  std::size_t at_ = 0;       // bytes read
  std::size_t dropped_ = 0;  // bytes that the system was told not to keep
  bool large_ = false;       // drop what has been read
};

/// A file in memory, read only; its pages are read when they are touched.
class HETMAP_API mapped_file {
 public:
  /// Throws:   io_error.
  explicit mapped_file(std::string path);
  ~mapped_file();
  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;

  [[nodiscard]] std::span<std::byte const> bytes() const noexcept { return {data_, size_}; }
  [[nodiscard]] std::string const& path() const noexcept { return path_; }
  /// Gives the pages that lie wholly within the first `bytes` bytes back to the system; touched
  /// again, they are read again.
  void drop(std::size_t bytes) noexcept;

 private:
  std::string path_;
  std::byte const* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
};

/// A file that is written from front to back.
class HETMAP_API output_file {
 public:
  output_file() = default;
  ~output_file();
  output_file(output_file&& other) noexcept;
  output_file& operator=(output_file&& other) noexcept;

  /// keep: an existing file stays as it is, to be appended to, else it is emptied.
  ///
  /// Throws:   io_error.
  void open(std::string path, bool keep);
  /// Appends all of it. A pipe that nobody reads any more is an io_error, not a signal.
  ///
  /// Throws:   io_error; what was written before is in the file.
  void append(void const* from, std::size_t bytes);
  /// Writes over the beginning.
  void rewrite_front(void const* from, std::size_t bytes);
  /// The first bytes, fewer if there are not so many.
  [[nodiscard]] std::size_t read_front(void* to, std::size_t bytes) const;
  /// Cuts the file off, to be appended to from there.
  void truncate(std::size_t bytes);
  /// Has the system write everything out, and closes the file.
  ///
  /// Throws:   io_error, also for what earlier writes only seemed to have done.
  void finish();
  void close() noexcept;

  /// Whether its beginning can be written again: no pipe, no device.
  [[nodiscard]] bool seekable() const noexcept { return seekable_; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::string const& path() const noexcept { return path_; }

 private:
  std::string path_;
  int descriptor_ = -1;
  bool seekable_ = false;
  std::size_t at_ = 0;       // bytes appended, or there already
  std::size_t started_ = 0;  // bytes that the system was told to begin writing out
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
