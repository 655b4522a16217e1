// Files as sources and sinks use them: read once from front to back, mapped, or written so that
// what is complete stays readable and what was there is not lost.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A file descriptor that is closed at the end.
class HETMAP_API descriptor {
 public:
  explicit descriptor(int number = -1) noexcept : number_(number) {}
  ~descriptor() { close(); }
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] explicit operator bool() const noexcept { return number_ != -1; }
  /// Returns: the system's number of what went wrong, or 0.
  int close() noexcept;

 private:
  int number_;
};

/// A file is marked as one that is read for as long as this lives, so that nothing in this process
/// writes over it, whatever the name and whoever holds the reader.
class HETMAP_API read_mark {
 public:
  enum class how : int { streamed = 1, mapped = 2 };

  read_mark() = default;
  /// Throws:   std::bad_alloc.
  read_mark(int descriptor, how as);
  ~read_mark();
  read_mark(read_mark&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  read_mark& operator=(read_mark&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }

 private:
  void* entry_ = nullptr;
};

/// A file, or anything else with a path that can be read, from front to back.
class HETMAP_API input_file {
 public:
  /// Throws:   io_error.
  explicit input_file(std::string path);

  /// The next bytes; fewer than `bytes` only at the end, or where what follows cannot be read,
  /// which the next call throws.
  ///
  /// Throws:   io_error.
  std::size_t read(void* to, std::size_t bytes);
  /// Throws io_error for a file of which there should be more: why it could not be read, or that it
  /// has ended.
  [[noreturn]] void refuse_early_end() const;
  /// Leaves out the next bytes. Throws: io_error.
  void skip(std::size_t bytes);

  /// Size, in bytes; nothing where there is none, as of a pipe.
  [[nodiscard]] std::optional<std::size_t> size() const;
  [[nodiscard]] std::string const& path() const noexcept { return path_; }

 private:
  void drop_behind() noexcept;

  std::string path_;
  descriptor file_;
  read_mark mark_;
  std::size_t at_ = 0;       // bytes read
  std::size_t dropped_ = 0;  // bytes that the system was told not to keep
  bool large_ = false;       // drop what has been read
  int error_ = 0;            // the system's number of why it cannot be read on
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
  read_mark mark_;
  std::byte const* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
};

/// A file that is written from front to back.
///
/// Where there is a file with something in it, the new one is made alongside, under its name and
/// part_suffix, and takes its place at the end: whoever reads the old one reads it to its end, and
/// whatever goes wrong leaves it as it is. The new one gets its owner, mode and extended
/// attributes; links to it lead to the new one, other hard links keep the old one. It is written in
/// place where that cannot be had: in a folder that one may not write to, a file of another's, a
/// mounted file, one that is named by a descriptor (/dev/stdout).
class HETMAP_API output_file {
 public:
  static constexpr char part_suffix[] = ".hetmap-part";

  /// keep: what an earlier run has written is appended to: the part of one that did not end, if
  ///       there is one, or the file; else the file begins anew.
  ///
  /// Throws:   io_error, also where this process reads the file, before anything is changed.
  void open(std::string path, bool keep);
  /// Appends all of it. A pipe that nobody reads any more and a limit to the size of files are an
  /// io_error, not a signal.
  ///
  /// Throws:   io_error; what was written before is in the file.
  void append(void const* from, std::size_t bytes);
  /// Writes over the beginning.
  void rewrite_front(void const* from, std::size_t bytes);
  /// The first bytes, fewer if there are not so many. Requires: opened to be kept.
  [[nodiscard]] std::size_t read_front(void* to, std::size_t bytes) const;
  /// Cuts the file off, to be appended to from there.
  void truncate(std::size_t bytes);
  /// Has the system write everything out, closes the file, and puts it into its place.
  ///
  /// Throws:   io_error, also for what earlier writes only seemed to have done, and where the file
  ///           has no name any more.
  void finish();
  /// What was written stays, to be gone on with.
  void close() noexcept;
  /// Leaves things as they were before, as far as that is possible: no new file, no part.
  void discard() noexcept;

  /// Whether its beginning can be written again: no pipe, no device.
  [[nodiscard]] bool seekable() const noexcept { return seekable_; }
  [[nodiscard]] std::size_t size() const noexcept { return at_; }
  /// The path as it was given, and what is written there, which may be a part.
  [[nodiscard]] std::string const& path() const noexcept { return path_; }
  [[nodiscard]] std::string written_path() const;

 private:
  [[nodiscard]] bool write_alongside(bool keep);
  void use(descriptor file);

  std::string path_;
  descriptor file_;
  descriptor folder_;  // where these names are; none where no name can be relied on
  std::string name_;
  std::string part_;
  bool replaces_ = false;  // writes to the part
  bool made_ = false;      // there was no such file
  bool seekable_ = false;
  bool named_ = false;
  std::size_t at_ = 0;       // bytes appended, or there already
  std::size_t started_ = 0;  // bytes that the system was told to begin writing out
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
