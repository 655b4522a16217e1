// Writing .npy files: a header that is put right as elements come.
#include "../base/error.hpp"
#include "npy_format.hpp"

#include <hetmap/npy.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace npy {

using format::checked;
using format::naming;
using format::refuse;

namespace detail {

void require_elements(std::string const& path, std::span<std::size_t const> shape,
                      std::size_t elements) {
  std::size_t product = 1;
  bool counted = true;
  for (std::size_t const length : shape)
    counted = !__builtin_mul_overflow(product, length, &product) && counted;
  if (counted && product == elements) return;
  core::clear_failed_index();
  throw size_error(std::string("hetmap: cannot write '")
                       .append(path)
                       .append("': the shape is of ")
                       .append(counted ? std::to_string(product) : std::string("too many"))
                       .append(" elements and there are ")
                       .append(std::to_string(elements)));
}

void write_whole(save file, element_type type, void const* from, std::size_t elements) {
  file.open_as(type, {elements, false});
  try {
    file.write_bytes(from, elements * type.bytes);
    file.finish();
  } catch (...) {
    file.file_.discard();
    throw;
  }
}

}  // namespace detail

save::save(std::string path) : save(std::move(path), {0}) {}

save::save(std::string path, std::vector<std::size_t> shape)
    : path_(std::move(path)), shape_(std::move(shape)) {
  format::require_countable(shape_);
  for (std::size_t k = 1; k < shape_.size(); ++k) row_elements_ *= shape_[k];
}

std::string save::header_for(std::size_t elements) const {
  std::vector<std::size_t> shape = shape_;
  if (shape.empty() && elements != 1) shape.push_back(0);
  if (!shape.empty() && row_elements_ != 0) shape.front() = elements / row_elements_;
  return make_header(type_, shape);
}

/// Whether the file ends within the header that a new one gets.
bool save::ends_in_header() const {
  std::string const whole = header_for(0);
  if (file_.size() >= whole.size()) return false;
  std::string there(file_.size(), '\0');
  there.resize(file_.read_front(there.data(), there.size()));
  return whole.starts_with(there);
}

/// Elements of the file that is there; throws where they are not what will be appended to them.
std::size_t save::resumed_at(sink_start const& start) const {
  return naming(file_.written_path(), [&] {
    std::vector<std::byte> front(format::front_bytes);
    front.resize(file_.read_front(front.data(), front.size()));
    front.resize(header_bytes(front));
    front.resize(file_.read_front(front.data(), front.size()));
    header const h = checked(parse_header(front), &type_, file_.size());
    std::size_t const n = h.elements();
    bool const same_rows =
        shape_.empty() ? h.shape.size() <= 1
                       : !h.shape.empty() && std::ranges::equal(std::span(h.shape).subspan(1),
                                                                std::span(shape_).subspan(1));
    if (!same_rows) refuse("it cannot be resumed: its rows have another shape");
    if (h.data_offset != header_for(0).size())
      refuse("it cannot be resumed: its header was not made here");
    if (start.total && n > *start.total)
      refuse("it cannot be resumed: it has more elements than will come");
    return n;
  });
}

std::size_t save::open_as(element_type type, sink_start const& start) {
  type_ = type;
  written_ = 0;
  file_.open(path_, start.resume);
  try {
    return start_file(start);
  } catch (...) {
    file_.close();
    throw;
  }
}

std::size_t save::start_file(sink_start const& start) {
  if (file_.seekable() && file_.size() != 0 && !ends_in_header()) {
    written_ = resumed_at(start);
    shown_ = header_for(written_);
    file_.truncate(shown_.size() + written_ * type_.bytes);
    return written_;
  }
  if (!file_.seekable() && !start.total)
    throw io_error(std::string("hetmap: cannot write '")
                       .append(path_)
                       .append("': the header says how many elements come, and a pipe takes it "
                               "only once; write to a file, or stream an input of known length"),
                   0);
  if (file_.size() != 0) file_.truncate(0);
  shown_ = header_for(file_.seekable() ? 0 : start.total.value_or(0));
  file_.append(shown_.data(), shown_.size());
  return 0;
}

void save::write_bytes(void const* from, std::size_t bytes) {
  file_.append(from, bytes);
  written_ += bytes / type_.bytes;
  if (!file_.seekable()) return;
  std::string now = header_for(written_);
  if (now == shown_) return;
  file_.rewrite_front(now.data(), now.size());
  shown_ = std::move(now);
}

void save::finish() {
  if (row_elements_ != 0 ? written_ % row_elements_ != 0 : written_ != 0) {
    abandon();
    core::clear_failed_index();
    throw size_error(std::string("hetmap: '")
                         .append(path_)
                         .append("': ")
                         .append(std::to_string(written_))
                         .append(" elements are no whole number of rows"));
  }
  file_.finish();
}

void save::abandon() noexcept { file_.close(); }

}  // namespace npy
}  // namespace HETMAP_ABI
}  // namespace hetmap
