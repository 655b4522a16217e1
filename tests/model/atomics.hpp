// The atomics of the checked templates: Relacy's, by the names of the standard's, with faults.
#pragma once

#include "relacy_parts.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <source_location>
#include <string_view>

namespace hetmap::model {

/// What is wrong with a mutant.
enum class fault {
  none,
  torn,        ///< what reads, changes and writes does so in two steps
  no_acquire,  ///< what is read does not order what follows
  no_release,  ///< what is written does not order what was before
  missing,     ///< a store or a change is left out
  failing,     ///< an exchange that compares never succeeds
  stale,       ///< a load gives the first value that there ever was
  unguarded,   ///< mutexes do not exclude
};

/// Text as a template's argument.
template <std::size_t N>
struct text {
  std::array<char, N> chars{};
  constexpr text(char const (&from)[N]) { std::copy_n(from, N, chars.begin()); }
  [[nodiscard]] constexpr std::string_view view() const { return {chars.data(), N - 1}; }
};

inline rl::debug_info info_of(std::source_location const& at) {
  return {at.function_name(), at.file_name(), static_cast<unsigned>(at.line())};
}

constexpr rl::memory_order order_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return rl::mo_relaxed;
    case std::memory_order_consume: return rl::mo_consume;
    case std::memory_order_acquire: return rl::mo_acquire;
    case std::memory_order_release: return rl::mo_release;
    case std::memory_order_acq_rel: return rl::mo_acq_rel;
    case std::memory_order_seq_cst: return rl::mo_seq_cst;
  }
  return rl::mo_seq_cst;
}

/// Fails the execution that is being searched.
inline void require(bool holds, char const* what,
                    std::source_location at = std::source_location::current()) {
  if (!holds) rl::ctx().fail_test(what, rl::test_result_user_assert_failed, info_of(at));
}

/// Lets others run first: spins end in a search that would run the same thread for ever.
inline void yield(std::source_location at = std::source_location::current()) {
  rl::ctx().yield(1, info_of(at));
}

/// What basic_regions and the like are instantiated with: sound, or with one fault, in functions
/// whose name contains Where. What is read in functions whose name contains Still never changes in
/// the model, so it does not matter when it is read, and no other thread is tried before.
template <fault Fault = fault::none, text Where = "", text Still = "">
struct atomics {
  using order = std::memory_order;
  using place = std::source_location;

  static bool faulty(fault kind, place const& at) { return Fault == kind && in(Where.view(), at); }
  static bool in(std::string_view function, place const& at) {
    std::string_view const name = at.function_name();
    return name.substr(0, name.find('[')).find(function) != std::string_view::npos;  // "[with ...]"
  }

  template <class T>
  class atomic {
   public:
    atomic(T value) : first_(value), word_(value) {}

    T load(order how, place at = place::current()) const {
      if (faulty(fault::stale, at)) return first_;
      if (!Still.view().empty() && in(Still.view(), at)) {
        require(!changed_, "not still");
        return first_;
      }
      return word_.load(weaker(how, at), info_of(at));
    }
    void store(T value, order how, place at = place::current()) {
      changed_ = true;
      if (!faulty(fault::missing, at)) word_.store(value, weaker(how, at), info_of(at));
    }
    T exchange(T value, order how, place at = place::current()) {
      return change([&](T) { return value; }, how, at,
                    [&](auto to) { return word_.exchange(value, to, info_of(at)); });
    }
    T fetch_add(T value, order how, place at = place::current()) {
      return change([&](T old) { return old + value; }, how, at,
                    [&](auto to) { return word_.fetch_add(value, to, info_of(at)); });
    }
    T fetch_sub(T value, order how, place at = place::current()) {
      return change([&](T old) { return old - value; }, how, at,
                    [&](auto to) { return word_.fetch_sub(value, to, info_of(at)); });
    }
    T fetch_and(T value, order how, place at = place::current()) {
      return change([&](T old) { return old & value; }, how, at,
                    [&](auto to) { return word_.fetch_and(value, to, info_of(at)); });
    }
    T fetch_or(T value, order how, place at = place::current()) {
      return change([&](T old) { return old | value; }, how, at,
                    [&](auto to) { return word_.fetch_or(value, to, info_of(at)); });
    }
    bool compare_exchange_weak(T& seen, T value, order how, place at = place::current()) {
      if (faulty(fault::torn, at) || faulty(fault::failing, at))
        return compare_torn(seen, value, at);
      return word_.compare_exchange_weak(seen, value, weaker(how, at), info_of(at));
    }
    bool compare_exchange_strong(T& seen, T value, order how, place at = place::current()) {
      if (faulty(fault::torn, at) || faulty(fault::failing, at))
        return compare_torn(seen, value, at);
      return word_.compare_exchange_strong(seen, value, weaker(how, at), info_of(at));
    }
    bool compare_exchange_strong(T& seen, T value, order how, order failed,
                                 place at = place::current()) {
      if (faulty(fault::torn, at) || faulty(fault::failing, at))
        return compare_torn(seen, value, at);
      auto const info = info_of(at);
      return word_.compare_exchange_strong(seen, value, weaker(how, at), info, weaker(failed, at),
                                           info);
    }

   private:
    static rl::memory_order weaker(order how, place const& at) {
      if (faulty(fault::no_acquire, at))
        how = how == order::acq_rel ? order::release : how == order::acquire ? order::relaxed : how;
      if (faulty(fault::no_release, at))
        how = how == order::acq_rel ? order::acquire : how == order::release ? order::relaxed : how;
      return order_of(how);
    }
    template <class Change, class Whole>
    T change(Change next, order how, place const& at, Whole whole) {
      if (faulty(fault::missing, at)) return word_.load(rl::mo_relaxed, info_of(at));
      if (!faulty(fault::torn, at)) return whole(weaker(how, at));
      T const old = word_.load(rl::mo_seq_cst, info_of(at));
      word_.store(next(old), rl::mo_seq_cst, info_of(at));
      return old;
    }
    bool compare_torn(T& seen, T value, place const& at) {
      T const now = word_.load(rl::mo_seq_cst, info_of(at));
      if (now != seen || faulty(fault::failing, at)) {
        seen = now;
        return false;
      }
      word_.store(value, rl::mo_seq_cst, info_of(at));
      return true;
    }

    T first_;
    bool changed_ = false;  // by a store
    rl::atomic<T> word_;
  };

  /// Two accesses at once, of which one writes, fail the execution.
  template <class T>
  class plain {
   public:
    plain(T value) : value_(value) {}
    plain(plain const& other) : value_(other.get()) {}
    plain& operator=(plain const& other) { return *this = other.get(); }
    plain& operator=(T value) {
      value_(info_of(place::current())).store(value);
      return *this;
    }
    [[nodiscard]] T get() const { return value_(info_of(place::current())).load(); }
    operator T() const { return get(); }
    T operator->() const { return get(); }

   private:
    rl::var<T> value_;
  };

  class mutex {
   public:
    void lock(place at = place::current()) {
      if (Fault != fault::unguarded) guard_.lock(info_of(at));
    }
    void unlock(place at = place::current()) {
      if (Fault != fault::unguarded) guard_.unlock(info_of(at));
    }

   private:
    rl::mutex guard_;
  };

  /// Room for a few; whoever uses it while another thread does fails the execution.
  template <class T>
  class list {
   public:
    explicit list(unsigned size = 0) : size_(size) {}
    [[nodiscard]] T& operator[](unsigned k) {
      touched_ = touched_ + 1;
      return items_[k];
    }
    void push_back(T value) {
      require(size_ < items_.size(), "more than the model has room for");
      items_[size_] = value;
      size_ = size_ + 1;
    }
    void pop_back() { size_ = size_ - 1; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] T& back() { return (*this)[size_ - 1]; }
    [[nodiscard]] T const* begin() const { return items_.data(); }
    [[nodiscard]] T const* end() const { return items_.data() + size_; }

   private:
    std::array<T, 8> items_{};
    plain<unsigned> size_;
    plain<unsigned> touched_{0};
  };
};

using sound = atomics<>;

}  // namespace hetmap::model
