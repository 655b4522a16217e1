// A value that counts how many of its kind are alive, and how they came to be.
#pragma once

#include <atomic>

namespace support {

/// Tag keeps the counts of different roles (inputs, results, callables) apart.
template <class Tag>
class tracked {
 public:
  inline static std::atomic<long> alive{0};
  inline static std::atomic<long> made{0};
  inline static std::atomic<long> copied{0};

  /// Forgets how many were made; those that are alive stay counted.
  static void restart() { made = copied = 0; }

  tracked() : tracked(0) {}
  explicit tracked(int v) : value(v) { born(); }
  tracked(tracked const& other) : value(other.value) {
    born();
    ++copied;
  }
  tracked(tracked&& other) noexcept : value(other.value) { born(); }
  tracked& operator=(tracked const&) = default;
  tracked& operator=(tracked&&) = default;
  ~tracked() { --alive; }

  int value;

  friend bool operator==(tracked const& a, tracked const& b) { return a.value == b.value; }

 private:
  static void born() {
    ++alive;
    ++made;
  }
};

}  // namespace support
