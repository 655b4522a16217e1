// NumPy's .npy files: read whole or as a stream, written as a stream.
//
// Supported: little-endian integers, float, double, complex<float> and complex<double> in C order,
// versions 1 to 3, any shape. Everything else is refused by name.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/data/file_input.hpp>
#include <hetmap/detail/seam/file.hpp>
#include <hetmap/error.hpp>
#include <hetmap/sink.hpp>

#include <bit>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

// A std::vector has another size there, and shapes cross the library's interface in vectors.
#if defined _GLIBCXX_DEBUG && !defined HETMAP_BUILT_ALIKE
#error \
    "hetmap/npy.hpp: compile without -D_GLIBCXX_DEBUG, or compile hetmap with it too and define HETMAP_BUILT_ALIKE"
#endif

namespace hetmap {
inline namespace HETMAP_ABI {
namespace npy {

static_assert(std::endian::native == std::endian::little,
              "hetmap: .npy needs a little-endian host");

/// A file is no .npy file, is damaged, or holds what is not supported. The text says what and
/// where.
class HETMAP_API format_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~format_error() override;
};

/// The type of an element: 'i', 'u', 'f' or 'c' (complex), and its size, in bytes.
struct element_type {
  char kind;
  unsigned bytes;

  friend bool operator==(element_type const&, element_type const&) = default;
};

/// As NumPy writes it: "<f8", "|u1".
[[nodiscard]] HETMAP_API std::string to_string(element_type type);

/// What precedes the data.
struct header {
  element_type type;
  std::vector<std::size_t> shape;
  std::size_t data_offset = 0;  ///< bytes from the beginning of the file to the first element

  /// Elements of the array: the product of the shape.
  [[nodiscard]] HETMAP_API std::size_t elements() const noexcept;
};

/// Bytes of header that a file begins with, according to its first bytes.
///
/// Throws:   format_error; 12 bytes are enough for any file.
[[nodiscard]] HETMAP_API std::size_t header_bytes(std::span<std::byte const> front);

/// Reads a header. A pure function of these bytes.
///
/// Throws:   format_error.
[[nodiscard]] HETMAP_API header parse_header(std::span<std::byte const> front);

/// A header of version 1 whose data begins at a multiple of 64 bytes. Its length does not depend on
/// the first number of the shape, so that this can be corrected later.
[[nodiscard]] HETMAP_API std::string make_header(element_type type,
                                                 std::span<std::size_t const> shape);

namespace detail {

template <class T>
inline constexpr bool is_complex = false;
template <class T>
inline constexpr bool is_complex<std::complex<T>> = true;

/// Reads and checks the header of a file; leaves it at the data.
[[nodiscard]] HETMAP_API header read_header(hetmap::detail::input_file& file, element_type wanted);
[[nodiscard]] HETMAP_API header read_header(hetmap::detail::mapped_file const& file,
                                            element_type wanted);

}  // namespace detail

/// Types that .npy files can hold here.
template <class T>
concept element = (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, float> ||
                  std::same_as<T, double> || std::same_as<T, std::complex<float>> ||
                  std::same_as<T, std::complex<double>>;

template <element T>
inline constexpr element_type type_of{detail::is_complex<T>    ? 'c'
                                      : std::floating_point<T> ? 'f'
                                      : std::is_signed_v<T>    ? 'i'
                                                               : 'u',
                                      sizeof(T)};

/// The type of a file's elements, and its shape, without reading them.
///
/// Throws:   io_error, format_error.
[[nodiscard]] HETMAP_API header inspect(std::string const& path);

/// A .npy file read element by element: a single-pass range, in order, of which a stream keeps no
/// more than its window. Pages of files of 256 MiB and more are dropped from the system's cache
/// once read.
///
///     hetmap::imap(f, hetmap::npy::reader<double>("x.npy")) | hetmap::npy::save("y.npy");
template <element T>
class reader : public hetmap::detail::file_input<T> {
 public:
  /// Throws:   io_error; format_error, also if the elements have another type.
  explicit reader(std::string path) : reader(hetmap::detail::input_file(std::move(path))) {}

  [[nodiscard]] std::vector<std::size_t> const& shape() const noexcept { return shape_; }

 private:
  explicit reader(hetmap::detail::input_file file)
      : reader(detail::read_header(file, type_of<T>), file) {}
  reader(header h, hetmap::detail::input_file& file)
      : hetmap::detail::file_input<T>(std::move(file), h.elements()), shape_(std::move(h.shape)) {}

  std::vector<std::size_t> shape_;
};

/// A .npy file in memory: an array like any other, whose pages are read when they are touched.
///
/// Requires: nobody shortens the file meanwhile. Touching what is no longer there, or what the disk
///           cannot read, raises SIGBUS and ends the process: no library can turn that into an
///           exception. hetmap itself refuses to overwrite a mapped file. A reader throws io_error
///           in both cases.
template <element T>
class mapped {
 public:
  /// Throws:   io_error; format_error, also if the elements have another type.
  explicit mapped(std::string path)
      : file_(std::move(path)), header_(detail::read_header(file_, type_of<T>)) {}

  [[nodiscard]] T const* data() const noexcept {
    std::size_t const before = moved_from() ? 0 : header_.data_offset;
    return reinterpret_cast<T const*>(file_.bytes().data() + before);
  }
  [[nodiscard]] std::size_t size() const noexcept { return moved_from() ? 0 : header_.elements(); }
  [[nodiscard]] T const* begin() const noexcept { return data(); }
  [[nodiscard]] T const* end() const noexcept { return data() + size(); }
  [[nodiscard]] std::vector<std::size_t> const& shape() const noexcept { return header_.shape; }

  /// Elements in a row: the product of the shape without its first number.
  [[nodiscard]] std::size_t row_elements() const noexcept {
    std::size_t n = 1;
    for (std::size_t k = 1; k < header_.shape.size(); ++k) n *= header_.shape[k];
    return n;
  }
  /// The rows, each a std::span<T const>: for functions of a row.
  ///
  ///     hetmap::imap(largest, in.rows())
  ///
  /// Requires: *this outlives it and stays where it is.
  [[nodiscard]] auto rows() const {
    std::size_t const n = moved_from() ? 0 : header_.shape.empty() ? 1 : header_.shape.front();
    return std::views::transform(std::views::iota(std::size_t{0}, n),
                                 [first = data(), row = row_elements()](std::size_t i) {
                                   return std::span<T const>(first + i * row, row);
                                 });
  }
  /// Gives the pages before element i back to the system; they are read again when touched.
  void drop_before(std::size_t i) noexcept { file_.drop(header_.data_offset + i * sizeof(T)); }

 private:
  [[nodiscard]] bool moved_from() const noexcept { return file_.bytes().empty(); }

  hetmap::detail::mapped_file file_;
  header header_;
};

class save;

namespace detail {

/// Throws size_error unless the product of `shape` is `elements`.
HETMAP_API void require_elements(std::string const& path, std::span<std::size_t const> shape,
                                 std::size_t elements);

HETMAP_API void write_whole(save file, element_type type, void const* from, std::size_t elements);

}  // namespace detail

/// A sink that writes a .npy file.
///
/// The header is updated after every chunk, so that what is written can be read at any moment,
/// whatever ends the program. With .resume it goes on after the last complete chunk. Writing to a
/// pipe needs a stream that knows its length.
///
/// An existing file that is not empty stays as it is until the new one is complete. The new file is
/// made alongside, as path + ".hetmap-part", and replaces the old one at the end, with its owner
/// and mode; other hard links keep the old file. If the run ends early, both stay, and a run with
/// .resume goes on with the part. The disk needs room for both. With .resume and no part, the file
/// itself is appended to. If no file can be made alongside (a folder without write permission, a
/// file with another owner, a mounted file, /dev/stdout), the old one is overwritten at once.
///
/// Throws, when used: io_error, also if an npy::reader, npy::mapped or raw::reader of this process
/// reads the file, by whatever name, before anything is changed (with .resume a mapped file may be
/// continued: what is complete stays as it is); format_error if a file to be resumed has another
/// type or row; size_error if the elements are no whole number of rows.
class HETMAP_API save {
 public:
  /// The file is one-dimensional.
  explicit save(std::string path);
  /// shape: of the array, as in.shape() returns it. Its first length is corrected as elements come,
  ///        and counts only if rows have no elements. (), without dimensions, is one element.
  save(std::string path, std::vector<std::size_t> shape);

  template <element R>
  std::size_t open(sink_start const& start) {
    return open_as(type_of<R>, start);
  }
  template <element R>
  void write(std::span<R const> block) {
    write_bytes(block.data(), block.size_bytes());
  }
  void finish();
  void abandon() noexcept;

 private:
  std::size_t open_as(element_type type, sink_start const& start);
  void write_bytes(void const* from, std::size_t bytes);
  [[nodiscard]] std::string header_for(std::size_t elements) const;
  [[nodiscard]] bool ends_in_header() const;
  [[nodiscard]] std::size_t resumed_at(sink_start const& start) const;
  std::size_t start_file(sink_start const& start);

  friend HETMAP_API void detail::write_whole(save file, element_type type, void const* from,
                                             std::size_t elements);

  std::string path_;
  std::vector<std::size_t> shape_;
  std::size_t row_elements_ = 1;
  element_type type_{};
  std::size_t written_ = 0;  // elements
  std::string shown_;        // the header in the file
  hetmap::detail::output_file file_;
};

/// Writes a whole array, one-dimensional if no shape is given; () is as for npy::save. Afterwards
/// the file is the whole new one, or what it was before (except for files that npy::save overwrites
/// at once).
///
/// Throws:   io_error, as npy::save does; size_error unless shape's product is data.size(), before
///           the file is made.
template <std::ranges::contiguous_range Data>
  requires element<std::ranges::range_value_t<Data>>
void write(std::string path, Data const& data, std::vector<std::size_t> shape) {
  using T = std::ranges::range_value_t<Data>;
  std::span<T const> const all(data);
  if (!shape.empty()) detail::require_elements(path, shape, all.size());
  detail::write_whole(save(std::move(path), std::move(shape)), type_of<T>, all.data(), all.size());
}
template <std::ranges::contiguous_range Data>
  requires element<std::ranges::range_value_t<Data>>
void write(std::string path, Data const& data) {
  npy::write(std::move(path), data, {std::span(data).size()});
}

}  // namespace npy
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
