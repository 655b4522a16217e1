// What ends a call early: anything that can say stop_requested().
#pragma once

#include <hetmap/detail/config.hpp>

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// A copy of a std::stop_token, or of any other type of at most four words with the same
/// stop_requested(); empty by default, which never stops anything.
///
/// Not std::stop_token itself, since its header costs every file as much time as the rest of this
/// library (docs/design.md, Headers).
class stop_condition {
 public:
  stop_condition() noexcept = default;

  template <class Token>
    requires(!std::same_as<Token, stop_condition>) && std::copy_constructible<Token> &&
            requires(Token const& t) {
              { t.stop_requested() } -> std::convertible_to<bool>;
            }
  stop_condition(Token token) : of_(&operations_of<Token>) {
    static_assert(sizeof(Token) <= sizeof(token_) && alignof(Token) <= alignof(void*),
                  "hetmap: a stop condition holds at most four words; pass a pointer-like object");
    ::new (static_cast<void*>(token_)) Token(std::move(token));
  }

  stop_condition(stop_condition const& other) : of_(other.of_) {
    if (of_ != nullptr) of_->copy(token_, other.token_);
  }
  stop_condition& operator=(stop_condition const& other) {
    if (this != std::addressof(other)) {
      this->~stop_condition();
      of_ = nullptr;
      if (other.of_ != nullptr) other.of_->copy(token_, other.token_);
      of_ = other.of_;
    }
    return *this;
  }
  ~stop_condition() {
    if (of_ != nullptr) of_->destroy(token_);
  }

  [[nodiscard]] bool stop_requested() const { return of_ != nullptr && of_->requested(token_); }

  /// The held copy if it has that type, else null.
  [[nodiscard]] void const* held(std::type_info const& type) const noexcept {
    return of_ != nullptr && of_->type == type ? token_ : nullptr;
  }

  /// Whether it holds anything that could ever ask for a stop.
  [[nodiscard]] bool stop_possible() const { return of_ != nullptr && of_->possible(token_); }

 private:
  struct operations {
    std::type_info const& type;
    bool (*requested)(void const*);
    bool (*possible)(void const*);
    void (*copy)(void*, void const*);
    void (*destroy)(void*);
  };

  template <class Token>
  inline static operations const operations_of{
      typeid(Token),
      [](void const* t) { return bool(static_cast<Token const*>(t)->stop_requested()); },
      [](void const* t) {
        if constexpr (requires(Token const& token) { token.stop_possible(); })
          return bool(static_cast<Token const*>(t)->stop_possible());
        else
          return true;
      },
      [](void* to, void const* from) { ::new (to) Token(*static_cast<Token const*>(from)); },
      [](void* t) { static_cast<Token*>(t)->~Token(); }};

  operations const* of_ = nullptr;
  alignas(void*) std::byte token_[4 * sizeof(void*)];
};

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
