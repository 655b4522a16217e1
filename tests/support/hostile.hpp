// A user's namespace that takes every name away: whatever is called in it without being qualified,
// or written as an operator, is refused by the compiler.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

namespace hostile {

#define HOSTILE(name)         \
  template <class... T>       \
  void name(T&&...) = delete; \
  template <auto, class... T> \
  void name(T&&...) = delete;

// clang-format off
// What the library calls its own.
HOSTILE(apart) HOSTILE(array_column) HOSTILE(assign) HOSTILE(assignable) HOSTILE(bare)
HOSTILE(by_blocks) HOSTILE(call) HOSTILE(checked) HOSTILE(checked_stream) HOSTILE(collecting)
HOSTILE(columns) HOSTILE(columns_of) HOSTILE(compare_memory) HOSTILE(compose)
HOSTILE(describe) HOSTILE(destroy_results) HOSTILE(element) HOSTILE(explain) HOSTILE(fail)
HOSTILE(few_go_to_gpu) HOSTILE(fold) HOSTILE(from_now) HOSTILE(function_address)
HOSTILE(goes_to_gpu) HOSTILE(gpu_site_of) HOSTILE(greatest) HOSTILE(held) HOSTILE(imap)
HOSTILE(imap_unordered) HOSTILE(in_batches) HOSTILE(least) HOSTILE(length_of) HOSTILE(lies_apart)
HOSTILE(lifted) HOSTILE(map) HOSTILE(map_blocks) HOSTILE(map_columns) HOSTILE(map_into)
HOSTILE(map_reduce) HOSTILE(mapped_arrays) HOSTILE(memory_of) HOSTILE(on_pool) HOSTILE(one_stream)
HOSTILE(place) HOSTILE(plan_for) HOSTILE(planning) HOSTILE(planning_fold) HOSTILE(pointers_to)
HOSTILE(post) HOSTILE(put_columns) HOSTILE(rate_for) HOSTILE(rate_of) HOSTILE(reduce_job)
HOSTILE(reducing) HOSTILE(reducing_indexed) HOSTILE(ref) HOSTILE(refer_to)
HOSTILE(refuse_short_output) HOSTILE(rethrow_as_failure_of) HOSTILE(returning)
HOSTILE(returning_columns) HOSTILE(room_of) HOSTILE(run) HOSTILE(select) HOSTILE(settings_of)
HOSTILE(shortest) HOSTILE(sort_nodes) HOSTILE(source_of) HOSTILE(starmap) HOSTILE(states_of)
HOSTILE(stoppable) HOSTILE(streaming) HOSTILE(submit) HOSTILE(submitted) HOSTILE(taken_up) HOSTILE(unordered)
HOSTILE(wait) HOSTILE(with_array_job) HOSTILE(with_fold) HOSTILE(with_job) HOSTILE(with_reduce_job)
HOSTILE(writing) HOSTILE(writing_on_gpu)

// What the standard library calls its own, and what it lets users say.
HOSTILE(addressof) HOSTILE(advance) HOSTILE(apply) HOSTILE(as_const) HOSTILE(begin)
HOSTILE(construct_at) HOSTILE(copy) HOSTILE(copy_n) HOSTILE(data) HOSTILE(destroy)
HOSTILE(destroy_at) HOSTILE(destroy_n) HOSTILE(distance) HOSTILE(empty) HOSTILE(end) HOSTILE(equal)
HOSTILE(exchange) HOSTILE(forward) HOSTILE(forward_as_tuple) HOSTILE(get) HOSTILE(get_if)
HOSTILE(invoke) HOSTILE(iter_move) HOSTILE(iter_swap) HOSTILE(make_pair) HOSTILE(make_tuple)
HOSTILE(max) HOSTILE(min) HOSTILE(move) HOSTILE(move_if_noexcept) HOSTILE(next) HOSTILE(prev)
HOSTILE(rend) HOSTILE(rbegin) HOSTILE(size) HOSTILE(ssize) HOSTILE(swap) HOSTILE(swap_ranges)
HOSTILE(tie) HOSTILE(tuple_cat) HOSTILE(uninitialized_copy) HOSTILE(uninitialized_fill)
HOSTILE(uninitialized_move) HOSTILE(uninitialized_move_n)
// clang-format on

#undef HOSTILE

                                                    template <class A, class B>
                                                    void operator,(A&&, B&&) = delete;
template <class A, class B>
void operator->*(A&&, B&&) = delete;
template <class A, class B>
void operator&&(A&&, B&&) = delete;
template <class A, class B>
void operator||(A&&, B&&) = delete;
template <class A>
void operator!(A&&) = delete;
template <class A>
void operator&(A&&) = delete;
template <class A>
void operator~(A&&) = delete;
template <class A, class B>
void operator==(A const&, B const&) = delete;
template <class A, class B>
void operator<(A const&, B const&) = delete;
template <class A, class B>
void operator>(A const&, B const&) = delete;
template <class A, class B>
void operator<=>(A const&, B const&) = delete;
template <class A, class B>
void operator<<(A&&, B&&) = delete;
template <class A, class B>
void operator>>(A&&, B&&) = delete;

struct number {
  int value = 0;

  void operator,(number const&) const = delete;
  void operator&() const = delete;
};

struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Twice as much.
struct twice {
  number operator()(number const& n) const { return {2 * n.value}; }
};
struct sum {
  number operator()(number const& a, number const& b) const { return {a.value + b.value}; }
};
struct twice_or_error {
  number operator()(number const& n) const {
    if (n.value == 7) throw error("seven");
    return {2 * n.value};
  }
};

/// 0, 1, 2, ... of them in one piece.
class numbers {
 public:
  explicit numbers(int n) {
    for (int i = 0; i != n; ++i) kept_.push_back(number{i});
  }
  number* begin() { return kept_.data(); }
  number const* begin() const { return kept_.data(); }
  number* end() { return kept_.data() + kept_.size(); }
  number const* end() const { return kept_.data() + kept_.size(); }

 private:
  std::vector<number> kept_;
};

/// The same through iterators that can do as much as `Tag` says.
template <class Tag>
class walked {
 public:
  class iterator {
   public:
    using value_type = number;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = Tag;

    iterator() = default;
    explicit iterator(number const* at) : at_(at) {}
    number const& operator*() const { return *at_; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    iterator operator++(int) {
      iterator const before(at_);
      ++at_;
      return before;
    }
    iterator& operator--() {
      --at_;
      return *this;
    }
    iterator operator--(int) {
      iterator const before(at_);
      --at_;
      return before;
    }
    iterator& operator+=(std::ptrdiff_t n) {
      at_ += n;
      return *this;
    }
    iterator& operator-=(std::ptrdiff_t n) {
      at_ -= n;
      return *this;
    }
    number const& operator[](std::ptrdiff_t n) const { return at_[n]; }
    friend iterator operator+(iterator const& i, std::ptrdiff_t n) { return iterator(i.at_ + n); }
    friend iterator operator+(std::ptrdiff_t n, iterator const& i) { return iterator(i.at_ + n); }
    friend iterator operator-(iterator const& i, std::ptrdiff_t n) { return iterator(i.at_ - n); }
    friend std::ptrdiff_t operator-(iterator const& a, iterator const& b) { return a.at_ - b.at_; }
    friend bool operator==(iterator const& a, iterator const& b) { return a.at_ == b.at_; }
    friend std::strong_ordering operator<=>(iterator const& a, iterator const& b) {
      return a.at_ <=> b.at_;
    }
    friend bool operator<(iterator const& a, iterator const& b) { return a.at_ < b.at_; }
    friend bool operator>(iterator const& a, iterator const& b) { return a.at_ > b.at_; }

   private:
    number const* at_ = nullptr;
  };

  explicit walked(int n) : kept_(n) {}
  iterator begin() const { return iterator(kept_.begin()); }
  iterator end() const { return iterator(kept_.end()); }

 private:
  numbers kept_;
};

}  // namespace hostile
