// Files as sources and sinks use them: read once from front to back, mapped, or written so that
// what is complete stays readable and existing data is not lost.
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

/// A file descriptor that closes itself.
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
  /// Returns: the system's error number, or 0.
  int close() noexcept;

 private:
  int number_;
};

/// While this lives, a file is marked as being read, so that nothing in this process overwrites it,
/// whatever the name and whoever holds the reader.
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

  /// The next bytes; fewer than `bytes` only at the end, or if what follows cannot be read, which
  /// the next call throws.
  ///
  /// Throws:   io_error.
  std::size_t read(void* to, std::size_t bytes);
  /// Throws io_error for a file that should be longer: why it could not be read, or that it has
  /// ended.
  [[noreturn]] void refuse_early_end() const;
  /// Skips the next bytes. Throws: io_error.
  void skip(std::size_t bytes);

  /// Size, in bytes; empty if there is none, as for a pipe.
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
  int error_ = 0;            // the system's error number if reading failed
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
  /// Gives the pages that lie wholly within the first `bytes` bytes back to the system; they are
  /// read again when touched.
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
/// If there is a file that is not empty, the new one is made alongside, under its name and
/// part_suffix, and replaces it at the end: whoever reads the old file can read it to its end, and
/// a failure leaves it as it is. The new file gets its owner, mode and extended attributes;
/// symbolic links to it lead to the new file, other hard links keep the old one. If that is
/// impossible, the file is written in place: a folder without write permission, a file with another
/// owner, a mounted file, one that is named by a descriptor (/dev/stdout).
class HETMAP_API output_file {
 public:
  static constexpr char part_suffix[] = ".hetmap-part";

  /// keep: appends to what an earlier run has written: the part of an interrupted run, if there is
  ///       one, or the file; else the file begins anew.
  ///
  /// Throws:   io_error, also if this process reads the file, before anything is changed.
  void open(std::string path, bool keep);
  /// Appends all of it. A pipe without a reader and a file-size limit are an io_error, not a
  /// signal.
  ///
  /// Throws:   io_error; what was written before is in the file.
  void append(void const* from, std::size_t bytes);
  /// Writes over the beginning.
  void rewrite_front(void const* from, std::size_t bytes);
  /// The first bytes, fewer if the file is shorter. Requires: opened with keep.
  [[nodiscard]] std::size_t read_front(void* to, std::size_t bytes) const;
  /// Truncates the file; appending goes on from there.
  void truncate(std::size_t bytes);
  /// Has the system write everything out, closes the file, and moves it into place.
  ///
  /// Throws:   io_error, also for earlier writes that only seemed to succeed, and if the file has
  ///           no name any more.
  void finish();
  /// What was written stays, to be resumed.
  void close() noexcept;
  /// Leaves things as they were before, as far as that is possible: no new file, no part.
  void discard() noexcept;

  /// Whether its beginning can be rewritten: no pipe, no device.
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
  descriptor folder_;  // of these names; none if no name is reliable
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
