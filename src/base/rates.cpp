#include "rates.hpp"

#include "forked.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

void mean_cost::learn(std::size_t elements, std::chrono::nanoseconds busy) noexcept {
  if (elements == 0) return;
  auto const n = static_cast<double>(elements);
  double const known = nanoseconds_.load(std::memory_order_relaxed);
  double const weight = weight_.load(std::memory_order_relaxed);
  double const seen = static_cast<double>(busy.count()) / n;
  // Calls that race may lose one another's sample; neither value is ever torn.
  if (known < 0) {
    nanoseconds_.store(seen, std::memory_order_relaxed);
    weight_.store(n, std::memory_order_relaxed);
    return;
  }
  double const believed = std::min(seen, std::max(known, 0.01) * 4);
  nanoseconds_.store(known + (believed - known) * n / (n + weight), std::memory_order_relaxed);
  weight_.store(std::min(weight + n, 8 * n), std::memory_order_relaxed);
}

void mean_cost::correct(std::size_t elements, std::chrono::nanoseconds busy) noexcept {
  if (elements == 0) return;
  auto const n = static_cast<double>(elements);
  double const seen = static_cast<double>(busy.count()) / n;
  if (seen <= 4 * nanoseconds()) return learn(elements, busy);
  nanoseconds_.store(seen, std::memory_order_relaxed);
  weight_.store(n, std::memory_order_relaxed);
}

namespace {

// A type's name is its identity across shared libraries; a name that starts with '*' is one that
// only its own type_info object stands for. The text is copied, since a library may be closed.
struct kernel_key {
  std::string name;
  void const* own;
  void const* function;

  friend bool operator==(kernel_key const&, kernel_key const&) = default;
};

struct kernel_key_hash {
  std::size_t operator()(kernel_key const& k) const noexcept {
    std::size_t h = std::hash<std::string>()(k.name);
    for (void const* p : {k.own, k.function}) h = h * 31 + std::hash<void const*>()(p);
    return h;
  }
};

struct registry {
  core::process_mutex guard;
  std::unordered_map<kernel_key, std::unique_ptr<rate>, kernel_key_hash> rates;
};

}  // namespace

rate& rate_of(std::type_info const& kernel, void const* function) {
  static constinit core::made_once<registry> made;
  registry& all = made.get();
  char const* const name = kernel.name();
  std::lock_guard const guard(all.guard);
  auto& [key, slot] =
      *all.rates.try_emplace({name, name[0] == '*' ? name : nullptr, function}).first;
  if (!slot) slot = std::make_unique<rate>(key.name.c_str(), function);
  return *slot;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
