#include "csv_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace examples {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // spreadsheets like to write one

std::string_view trimmed(std::string_view text) {
  std::size_t const begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

struct close_file {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

std::string content_of(std::string const& path) {
  std::unique_ptr<std::FILE, close_file> const file(std::fopen(path.c_str(), "rb"));
  std::string content;
  char block[1 << 16];
  for (std::size_t n = 1; file && n != 0;) {
    n = std::fread(block, 1, sizeof block, file.get());
    content.append(block, n);
  }
  if (!file || std::ferror(file.get()) != 0)
    throw std::runtime_error(fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
  return content;
}

}  // namespace

csv_reader::csv_reader(std::string path, std::vector<std::string> columns)
    : path_(std::move(path)), columns_(std::move(columns)), content_(content_of(path_)) {
  if (content_.starts_with(byte_order_mark)) position_ = byte_order_mark.size();
  bool const any = next_line();
  bool same = any && fields_.size() == columns_.size();
  for (std::size_t k = 0; same && k != columns_.size(); ++k) same = fields_[k] == columns_[k];
  if (!same)
    refuse_line(fmt::format("expected the header '{}', got '{}'", fmt::join(columns_, ","),
                            fmt::join(fields_, ",")));
}

bool csv_reader::next() {
  if (!next_line()) return false;
  if (fields_.size() != columns_.size())
    refuse_line(fmt::format("expected {} fields ({}), got {}", columns_.size(),
                            fmt::join(columns_, ","), fields_.size()));
  return true;
}

bool csv_reader::next_line() {
  fields_.clear();
  while (position_ < content_.size()) {
    std::size_t const end = std::min(content_.find('\n', position_), content_.size());
    std::string_view line(content_.data() + position_, end - position_);
    position_ = end + 1;
    ++line_;
    if (trimmed(line).empty()) continue;
    for (std::size_t comma; (comma = line.find(',')) != line.npos; line.remove_prefix(comma + 1))
      fields_.push_back(trimmed(line.substr(0, comma)));
    fields_.push_back(trimmed(line));
    return true;
  }
  return false;
}

double csv_reader::number(std::size_t column) const {
  std::string_view const field = text(column);
  double value = 0;
  auto const [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  // Infinity and not-a-number are the only ones spelt with an n; std::isfinite would be no more
  // than `true` in a build with -ffast-math.
  if (error != std::errc() || end != field.data() + field.size() ||
      field.find_first_of("nN") != field.npos)
    refuse(column, "a finite number");
  return value;
}

double csv_reader::positive_number(std::size_t column) const {
  double const value = number(column);
  if (!(value > 0)) refuse(column, "a finite number above 0");
  return value;
}

void csv_reader::refuse(std::size_t column, std::string_view expected) const {
  refuse_line(
      fmt::format("{}: expected {}, got '{}'", columns_[column], expected, fields_[column]));
}

void csv_reader::refuse_line(std::string const& why) const {
  throw std::runtime_error(fmt::format("{}:{}: {}", path_, std::max(line_, std::size_t{1}), why));
}

}  // namespace examples
