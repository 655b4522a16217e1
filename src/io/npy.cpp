// The .npy format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "../base/error.hpp"
#include "npy_format.hpp"

#include <hetmap/npy.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace npy {

format_error::~format_error() = default;

namespace format {

void refuse(std::string const& what) {
  core::clear_failed_index();
  throw format_error("hetmap: .npy: " + what);
}

void require_countable(std::span<std::size_t const> shape) {
  if (shape.size() > most_dimensions)
    refuse(std::string("the shape has more than ")
               .append(std::to_string(most_dimensions))
               .append(" dimensions"));
  std::size_t elements = 1;
  for (std::size_t const n : shape) {
    // A length of 0 makes the array empty, and its rows are counted all the same. 16: bytes.
    if (n != 0 && elements > std::numeric_limits<std::size_t>::max() / 16 / n)
      refuse("the shape has more elements than can be counted");
    if (n != 0) elements *= n;
  }
}

header checked(header h, element_type const* wanted, std::optional<std::size_t> file_bytes) {
  if (wanted != nullptr && !(h.type == *wanted))
    refuse("the elements are " + to_string(h.type) + ", not " + to_string(*wanted));
  if (!file_bytes) return h;
  std::size_t const data = *file_bytes < h.data_offset ? 0 : *file_bytes - h.data_offset;
  if (data < h.elements() * h.type.bytes)
    refuse(std::string("the file ends after ")
               .append(std::to_string(data / h.type.bytes))
               .append(" of ")
               .append(std::to_string(h.elements()))
               .append(" elements"));
  return h;
}

}  // namespace format

namespace {

using format::checked;
using format::front_bytes;
using format::naming;
using format::refuse;

constexpr std::string_view magic{"\x93NUMPY", 6};

/// Longest text of a header, in bytes, that is read: NumPy's own need some hundred.
constexpr std::size_t longest_text = std::size_t{1} << 20;

/// Room for the first number of a shape that will grow: 2^64 has 20 digits.
constexpr std::size_t digits_of_a_length = 20;

std::uint8_t byte_at(std::span<std::byte const> bytes, std::size_t i) {
  return std::to_integer<std::uint8_t>(bytes[i]);
}

/// Where the text begins and where the data does.
struct extent {
  std::size_t text;
  std::size_t data;
};

extent extent_of(std::span<std::byte const> front) {
  if (front.size() < 10 || std::memcmp(front.data(), magic.data(), magic.size()) != 0)
    refuse("no such file: it does not begin with \\x93NUMPY");
  unsigned const version = byte_at(front, 6);
  if (version < 1 || version > 3)
    refuse(std::string("version ")
               .append(std::to_string(version))
               .append(" is not known; 1, 2 and 3 are"));
  extent e{version == 1 ? std::size_t{10} : 12, 0};
  if (front.size() < e.text) refuse("the header is cut off");
  std::size_t length = 0;
  for (std::size_t i = e.text; i-- != 8;) length = length << 8 | byte_at(front, i);
  if (length > longest_text)
    refuse(std::string("a header of ").append(std::to_string(length)).append(" bytes"));
  e.data = e.text + length;
  return e;
}

/// Reads the text of a header: a Python dictionary of three known keys.
class dictionary {
 public:
  explicit dictionary(std::string_view text) : text_(text) {}

  header read() {
    expect('{');
    for (skip_space(); !take('}'); skip_space()) {
      std::string_view const key = string();
      expect(':');
      skip_space();
      if (key == "descr")
        set(type_, element());
      else if (key == "fortran_order")
        set(by_columns_, boolean());
      else if (key == "shape")
        set(shape_, shape());
      else
        refuse(std::string("the header has an unknown key '").append(shown(key)).append("'"));
      skip_space();
      if (!take(',')) {
        skip_space();
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) wrong("its end");
    if (!type_ || !by_columns_ || !shape_)
      refuse("the header lacks one of 'descr', 'fortran_order' and 'shape'");
    format::require_countable(*shape_);
    if (*by_columns_ && std::ranges::find(*shape_, std::size_t{0}) == shape_->end() &&
        std::ranges::count_if(*shape_, [](std::size_t n) { return n != 1; }) > 1)
      refuse("Fortran order is not served; write it with numpy.ascontiguousarray");
    return {*type_, *std::move(shape_), 0};
  }

 private:
  template <class T>
  void set(std::optional<T>& place, T value) {
    if (place) refuse("a key stands twice in the header");
    place = std::move(value);
  }

  [[noreturn]] void wrong(char const* expected) const {
    refuse(std::string("expected ")
               .append(expected)
               .append(" at byte ")
               .append(std::to_string(at_).append(" of the header")));
  }

  /// Text from a file, fit to be shown.
  static std::string shown(std::string_view text) {
    std::string out;
    for (char const c : text.substr(0, 40)) out += c >= ' ' && c <= '~' ? c : '?';
    return out;
  }

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (!at_end() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  void expect(char c) {
    char const expected[] = {'\'', c, '\'', '\0'};
    skip_space();
    if (!take(c)) wrong(expected);
  }

  std::string_view string() {
    if (at_end() || (text_[at_] != '\'' && text_[at_] != '"')) wrong("a string");
    char const quote = text_[at_++];
    std::size_t const end = text_.find(quote, at_);
    if (end == std::string_view::npos) wrong("the end of a string");
    std::string_view const out = text_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }

  bool boolean() {
    for (bool const value : {false, true}) {
      std::string_view const word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    wrong("True or False");
  }

  std::vector<std::size_t> shape() {
    std::vector<std::size_t> out;
    expect('(');
    for (skip_space(); !take(')'); skip_space()) {
      out.push_back(number());
      skip_space();
      if (!take(',')) {
        if (out.size() == 1) wrong("a comma");  // else it is a number in brackets
        skip_space();
        expect(')');
        break;
      }
    }
    return out;
  }
  std::size_t number() {
    std::size_t n = 0;
    std::size_t const first = at_;
    for (; !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      auto const digit = static_cast<std::size_t>(text_[at_] - '0');
      if (n > (std::numeric_limits<std::size_t>::max() - digit) / 10)
        refuse("a length in the shape has more digits than can be counted");
      n = n * 10 + digit;
    }
    if (at_ == first) wrong("a length");
    take('L');  // as Python 2 wrote long ones
    return n;
  }

  element_type element() {
    if (!at_end() && text_[at_] == '[')
      refuse("records are not served; write each field to a file of its own");
    std::string_view const d = string();
    auto const not_served = [&](char const* hint) {
      refuse(std::string("elements of type '")
                 .append(shown(d))
                 .append("' are not served")
                 .append(hint));
    };
    if (d.size() < 3 || d.size() > 4) not_served("");
    if (d[0] == '>' && d.substr(2) != "1")
      not_served(": they are big-endian; write them with a.astype(a.dtype.newbyteorder('<'))");
    if (d[0] != '<' && d[0] != '|' && d[0] != '>' && d[0] != '=') not_served("");
    unsigned bytes = 0;
    for (char const c : d.substr(2)) {
      if (c < '0' || c > '9') not_served("");
      bytes = bytes * 10 + static_cast<unsigned>(c - '0');
    }
    element_type const type{d[1], bytes};
    bool const served = (type.kind == 'i' || type.kind == 'u')
                            ? bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8
                        : type.kind == 'f' ? bytes == 4 || bytes == 8
                                           : type.kind == 'c' && (bytes == 8 || bytes == 16);
    if (!served || (d[0] == '|' && bytes != 1))
      not_served("; integers, float, double and complex are");
    return type;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<element_type> type_;
  std::optional<bool> by_columns_;
  std::optional<std::vector<std::size_t>> shape_;
};

std::vector<std::byte> front_of(hetmap::detail::input_file& file) {
  std::vector<std::byte> front;
  auto const read_to = [&](std::size_t all) {
    std::size_t const have = front.size();
    front.resize(all);
    front.resize(have + file.read(front.data() + have, all - have));
    // What cannot be read is not taken for what is not there.
    if (front.size() != all) static_cast<void>(file.read(front.data(), 0));
  };
  read_to(10);
  if (front.size() == 10 && byte_at(front, 6) != 1) read_to(front_bytes);
  read_to(header_bytes(front));
  return front;
}

header read_any_header(hetmap::detail::input_file& file, element_type const* wanted) {
  return naming(file.path(),
                [&] { return checked(parse_header(front_of(file)), wanted, file.size()); });
}

}  // namespace

std::string to_string(element_type type) {
  return std::string(type.bytes == 1 ? "|" : "<")
      .append(1, type.kind)
      .append(std::to_string(type.bytes));
}

std::size_t header::elements() const noexcept {
  std::size_t n = 1;
  for (std::size_t const length : shape)
    if (length == 0) return 0;
  for (std::size_t const length : shape) n *= length;
  return n;
}

std::size_t header_bytes(std::span<std::byte const> front) { return extent_of(front).data; }

header parse_header(std::span<std::byte const> front) {
  extent const e = extent_of(front);
  if (front.size() < e.data) refuse("the header is cut off");
  header h =
      dictionary({reinterpret_cast<char const*>(front.data()) + e.text, e.data - e.text}).read();
  h.data_offset = e.data;
  return h;
}

std::string make_header(element_type type, std::span<std::size_t const> shape) {
  std::string text = "{'descr': '" + to_string(type) + "', 'fortran_order': False, 'shape': (";
  std::size_t spare = 0;
  for (std::size_t k = 0; k != shape.size(); ++k) {
    std::string const n = std::to_string(shape[k]);
    if (k == 0) spare = digits_of_a_length - n.size();
    text.append(n).append(shape.size() == 1 || k + 1 != shape.size() ? "," : "");
    if (k + 1 != shape.size()) text += ' ';
  }
  text += "), }";
  // Room for a longer first number goes to the end.
  constexpr std::size_t before = 10;  // magic, version, length
  std::size_t const longest = before + text.size() + spare + 1;
  text.append((longest + 63) / 64 * 64 - before - text.size() - 1, ' ');
  text += '\n';
  if (text.size() > 65535) refuse("the shape is too long for a header");
  std::string out(magic);
  out.append({'\1', '\0', static_cast<char>(text.size() & 255),
              static_cast<char>(text.size() >> 8 & 255)});
  return out + text;
}

header inspect(std::string const& path) {
  hetmap::detail::input_file file(path);
  return read_any_header(file, nullptr);
}

namespace detail {

header read_header(hetmap::detail::input_file& file, element_type wanted) {
  return read_any_header(file, &wanted);
}

header read_header(hetmap::detail::mapped_file const& file, element_type wanted) {
  return naming(file.path(), [&] {
    header h = checked(parse_header(file.bytes()), &wanted, file.bytes().size());
    if (h.data_offset % wanted.bytes != 0)
      refuse("the data is not aligned, so that it cannot be used in place; npy::reader reads it");
    return h;
  });
}

}  // namespace detail

}  // namespace npy
}  // namespace HETMAP_ABI
}  // namespace hetmap
