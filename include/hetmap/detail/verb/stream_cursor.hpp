// Where a stream stands.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/options.hpp>

#include <cstddef>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// What a stream keeps alive: the function, the inputs, the pipeline over them.
struct stream_state {
  virtual ~stream_state() = default;
  pipeline* work = nullptr;
};

/// Where a stream stands. Its iterators share it, so that an iterator that outlives its stream can
/// be destroyed, and reaches the end when it steps beyond its chunk.
template <class R>
struct stream_cursor {
  pipeline* work;
  R* at = nullptr;  // results that are here and have not been taken: at..end
  R* end = nullptr;
  std::size_t end_index = 0;
  unsigned generation = 0;  // of the segment that at and end belong to
  unsigned owners = 1;
  alignas(R) std::byte hole[sizeof(R)];  // stands in for a result that failed

  explicit stream_cursor(pipeline* p) : work(p) {}

  /// Waits for the next segment; false at the end.
  bool fetch(time_limit const* limit = nullptr) {
    segment next;
    ++generation;
    at = end = nullptr;
    if (work == nullptr || !work->next(next, limit)) return false;
    at = static_cast<R*>(next.results);
    end = at + next.count;
    end_index = next.begin + next.count;
    return true;
  }

  R* hole_place() noexcept { return reinterpret_cast<R*>(hole); }
};

/// A shared hold on a cursor, for one thread at a time.
template <class R>
class cursor_reference {
 public:
  cursor_reference() noexcept = default;
  explicit cursor_reference(stream_cursor<R>* c) noexcept : cursor_(c) {}
  cursor_reference(cursor_reference const& other) noexcept : cursor_(other.cursor_) {
    if (cursor_ != nullptr) ++cursor_->owners;
  }
  cursor_reference(cursor_reference&& other) noexcept
      : cursor_(std::exchange(other.cursor_, nullptr)) {}
  cursor_reference& operator=(cursor_reference other) noexcept {
    std::swap(cursor_, other.cursor_);
    return *this;
  }
  ~cursor_reference() {
    if (cursor_ != nullptr) release(cursor_);
  }

  stream_cursor<R>* operator->() const noexcept { return cursor_; }
  [[nodiscard]] bool empty() const noexcept { return cursor_ == nullptr; }

 private:
  // Not inlined: GCC 12 would warn of a use after another reference's free.
  __attribute__((__noinline__)) static void release(stream_cursor<R>* c) noexcept {
    if (--c->owners == 0) delete c;
  }

  stream_cursor<R>* cursor_ = nullptr;
};

}  // namespace detail

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
