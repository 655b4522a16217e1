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
  bool const was_first = is_first_.load(std::memory_order_relaxed);
  if (was_first) is_first_.store(false, std::memory_order_relaxed);
  if (was_first && seen < known && 8 * n >= weight) {
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

  /// With the guard held.
  rate& at(kernel_key const& wanted) {
    auto& [key, slot] = *rates.try_emplace(wanted).first;
    if (!slot) slot = std::make_unique<rate>(key.name.c_str(), key.function);
    return *slot;
  }
};

registry& all_rates() {
  static constinit core::made_once<registry> made;
  return made.get();
}

}  // namespace

rate& rate_of(std::type_info const& kernel, void const* function) {
  registry& all = all_rates();
  char const* const name = kernel.name();
  std::lock_guard const guard(all.guard);
  return all.at({name, name[0] == '*' ? name : nullptr, function});
}

// -- what is left to other processes --------------------------------------------------------------

std::vector<core::kept_kernel> rates_to_keep() {
  registry& all = all_rates();
  std::lock_guard const guard(all.guard);
  std::vector<core::kept_kernel> out;
  for (auto const& [key, known] : all.rates) {
    // Another process has another type of a name of its own, another function at an address.
    if (key.own != nullptr || key.function != nullptr) continue;
    core::kept_rate const values = known->to_keep();
    if (values.elements[0] >= 0 || values.knows_gpu()) out.push_back({key.name, values});
  }
  return out;
}

bool take_up_rate(core::kept_kernel const& kept) {
  registry& all = all_rates();
  std::lock_guard const guard(all.guard);
  rate& known = all.at({kept.name, nullptr, nullptr});
  if (known.element_nanoseconds() >= 0) return false;
  known.take_up(kept.values);
  return true;
}

core::kept_rate rate::to_keep() const noexcept {
  core::kept_rate out;
  out.elements = {worker_.nanoseconds(), travelling_.nanoseconds(), resident_.nanoseconds()};
  for (std::size_t k = 0; k != core::size_bins; ++k)
    core::each_cost(sizes_[k], gpu_sizes_[k],
                    [&](std::size_t which, core::recent_cost const& cost) {
                      if (cost.is_settled()) out.sizes[k][which] = cost.nanoseconds();
                    });
  return out;
}

void rate::take_up(core::kept_rate const& kept) noexcept {
  worker_.take_up(kept.elements[0]);
  travelling_.take_up(kept.elements[1]);
  resident_.take_up(kept.elements[2]);
  for (std::size_t k = 0; k != core::size_bins; ++k)
    core::each_cost(sizes_[k], gpu_sizes_[k], [&](std::size_t which, core::recent_cost& cost) {
      if (kept.sizes[k][which] >= 0) cost.take_up(kept.sizes[k][which]);
    });
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
