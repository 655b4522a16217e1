#include "error.hpp"

#include "forked.hpp"

#include <hetmap/detail/seam/future_state.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/vector.hpp>

#include <cstdio>
#include <new>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

namespace hetmap {
namespace core {
namespace {
thread_local std::optional<std::size_t> last_failed_index;
}

void note_failed_index(std::size_t index) noexcept { last_failed_index = index; }

void clear_failed_index() noexcept { last_failed_index.reset(); }

}  // namespace core

inline namespace HETMAP_ABI {

// Here, so that every program has one copy of each type's identity.
option_error::~option_error() = default;
size_error::~size_error() = default;
overlap_error::~overlap_error() = default;
memory_error::~memory_error() = default;
io_error::~io_error() = default;
device_unavailable::~device_unavailable() = default;
device_error::~device_error() = default;
device_data_lost::~device_data_lost() = default;
result_too_large::~result_too_large() = default;
cancelled_error::~cancelled_error() = default;
timeout_error::~timeout_error() = default;
closed_error::~closed_error() = default;
broken_pool_error::~broken_pool_error() = default;
kernel_error::~kernel_error() = default;

result_too_large::result_too_large(double bytes, double available) {
  std::snprintf(text_, sizeof text_,
                "hetmap: the result takes %.0f bytes and %.0f can be had; imap streams results of "
                "any length through bounded memory",
                bytes, available);
}

char const* result_too_large::what() const noexcept { return text_; }

cancelled_error::cancelled_error(std::size_t done, std::size_t total)
    : std::runtime_error([&] {
        std::string text("hetmap: stopped on request after ");
        text.append(std::to_string(done));
        if (total != 0) text.append(" of ").append(std::to_string(total));
        return text.append(" elements");
      }()),
      done_(done),
      total_(total) {}

timeout_error::timeout_error(std::string const& what, std::size_t done, std::size_t total)
    : std::runtime_error(what), done_(done), total_(total) {}

broken_pool_error::broken_pool_error(std::string const& what, std::exception_ptr cause)
    : std::runtime_error(what), cause_(std::move(cause)) {}

kernel_error::kernel_error(int code)
    : std::runtime_error(
          std::string("hetmap: the kernel failed with code ").append(std::to_string(code))),
      code_(code) {}

std::optional<std::size_t> failed_index() noexcept { return core::last_failed_index; }

namespace detail {

void refuse_place() {
  core::clear_failed_index();
  throw std::out_of_range("hetmap::vector::at: index is not below size()");
}

void throw_kernel_error(int code) { throw kernel_error(code); }

std::exception_ptr kept_exception() noexcept {
  std::type_info const* const type = abi::__cxa_current_exception_type();
  if (type == nullptr || *type != typeid(std::bad_alloc)) return std::current_exception();
  static constinit core::made_once<std::exception_ptr> one_for_all;
  return one_for_all.get([] { return std::make_exception_ptr(std::bad_alloc()); });
}

void expect_no_index() noexcept { core::clear_failed_index(); }

void rethrow_without_index() {
  core::clear_failed_index();
  throw;
}

void rethrow_without_index(std::exception_ptr const& kept) {
  core::clear_failed_index();
  std::rethrow_exception(kept);
}

void rethrow_as_failure_of(std::size_t index) {
  if (index != no_length)
    core::note_failed_index(index);
  else
    core::clear_failed_index();
  throw;
}

void refuse_short_output(char const* verb, std::size_t room, std::size_t needed) {
  core::clear_failed_index();
  std::string text(verb);
  text.append(": the output has room for ").append(std::to_string(room)).append(" elements and ");
  if (needed == no_length)
    text.append("the input goes on after them");
  else
    text.append("the input has ").append(std::to_string(needed));
  throw size_error(text.append("; make the output at least as long"));
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
