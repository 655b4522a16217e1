// Files of numbers without a header: just a type and an offset.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/data/file_input.hpp>
#include <hetmap/detail/seam/file.hpp>
#include <hetmap/error.hpp>
#include <hetmap/sink.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace raw {

/// The elements of T in a file, from `offset` bytes on: a single-pass range, of which a stream
/// keeps no more than its window.
///
/// Requires: the file was written with T's layout and byte order. Bytes after the last whole
///           element are ignored.
template <class T>
  requires std::is_trivially_copyable_v<T>
class reader : public hetmap::detail::file_input<T> {
 public:
  /// Throws:   io_error, also for what is no file: its length must be known.
  explicit reader(std::string path, std::size_t offset = 0)
      : reader(hetmap::detail::input_file(std::move(path)), offset) {}

 private:
  reader(hetmap::detail::input_file file, std::size_t offset)
      : reader(elements_behind(file, offset), file) {}
  reader(std::size_t n, hetmap::detail::input_file& file)
      : hetmap::detail::file_input<T>(std::move(file), n) {}

  static std::size_t elements_behind(hetmap::detail::input_file& file, std::size_t offset) {
    auto const bytes = file.size();
    if (!bytes || *bytes < offset) {
      hetmap::detail::expect_no_index();
      throw io_error(std::string("hetmap: cannot read '")
                         .append(file.path())
                         .append(bytes ? "': the offset is behind its end" : "': it is no file"),
                     0);
    }
    file.skip(offset);
    return (*bytes - offset) / sizeof(T);
  }
};

/// A sink that writes elements as they are in memory. With .resume the file goes on after its last
/// whole element. An existing file is treated as npy::save says.
///
/// Throws, when used: io_error, also if a file to be resumed has more elements than will come.
class save {
 public:
  explicit save(std::string path) : path_(std::move(path)) {}

  template <class R>
    requires std::is_trivially_copyable_v<R>
  std::size_t open(sink_start const& start) {
    file_.open(path_, start.resume);
    try {
      std::size_t const there = file_.size() / sizeof(R);
      if (start.total && there > *start.total)
        throw io_error(std::string("hetmap: '")
                           .append(file_.written_path())
                           .append("' cannot be resumed: it has more elements than will come"),
                       0);
      if (file_.size() != 0) file_.truncate(there * sizeof(R));
      return there;
    } catch (...) {
      file_.close();
      throw;
    }
  }
  template <class R>
  void write(std::span<R const> block) {
    file_.append(block.data(), block.size_bytes());
  }
  void finish() { file_.finish(); }
  void abandon() noexcept { file_.close(); }

 private:
  std::string path_;
  hetmap::detail::output_file file_;
};

}  // namespace raw
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
