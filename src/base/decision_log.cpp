#include "decision_log.hpp"

#include "text.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <type_traits>

namespace hetmap::core {
namespace {

template <std::size_t N>
void copy_text(char (&to)[N], char const* from) noexcept {
  std::size_t const length = ::strnlen(from, N - 1);
  std::memcpy(to, from, length);
  to[length] = '\0';
}

/// The kernel among the template arguments of kernel_name<kernel, argument...>, under which its
/// cost is known.
std::string kernel_of(char const* mangled) {
  std::string all = demangled(mangled);
  static constexpr char opening[] = "kernel_name<";
  std::size_t const begin = all.find(opening);
  if (begin == std::string::npos) return all;
  std::size_t at = begin + sizeof opening - 1;
  std::size_t const first = at;
  for (int depth = 0; at != all.size(); ++at) {
    char const c = all[at];
    if (depth == 0 && (c == ',' || c == '>')) return all.substr(first, at - first);
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
  }
  return all.substr(first);
}

}  // namespace

void decision_log::leave_parents() noexcept {
  if (forks_ == fork_count()) return;
  forks_ = fork_count();
  number_ = long_.added = short_.added = 0;
}

void decision_log::add(decision const& what, char const* callers_text) noexcept {
  static_assert(std::is_trivially_copyable_v<kept> && std::is_trivially_destructible_v<kept>);
  std::lock_guard const lock(guard_);
  leave_parents();
  std::byte* const room = what.sampled ? short_.next() : long_.next();
  auto& to = *::new (static_cast<void*>(room)) kept;
  to.what = what;
  to.what.number = number_++;
  to.callers = 0;
  copy_text(to.verb, what.verb);
  to.is_scalar = what.plan.scalar != nullptr;
  if (to.is_scalar) copy_text(to.scalar, what.plan.scalar);
  if (callers_text == nullptr) return;
  for (std::size_t k = 0; k != what.plan.candidates.size(); ++k)
    if (what.plan.candidates[k].unavailable == callers_text) to.callers |= 1u << k;
  if (to.callers != 0) copy_text(to.callers_text, callers_text);
}

decision decision_log::with_own_texts(kept const& from, kernel_texts& kernels) {
  decision out = from.what;
  out.verb = interned(from.verb);
  auto const [known, is_new] = kernels.try_emplace(out.kernel, "");
  if (is_new && out.kernel[0] != '\0') known->second = interned(kernel_of(out.kernel));
  out.kernel = known->second;
  if (from.is_scalar) out.plan.scalar = interned(from.scalar);
  for (std::size_t k = 0; k != out.plan.candidates.size(); ++k)
    if ((from.callers >> k & 1u) != 0)
      out.plan.candidates[k].unavailable = interned(from.callers_text);
  return out;
}

std::vector<decision> decision_log::all() const {
  std::vector<kept> found;
  found.reserve(most_long + most_short);  // under the lock it could not be allocated
  {
    std::lock_guard const lock(guard_);
    if (forks_ != fork_count()) return {};
    auto const take = [&](auto const& from) {
      for (std::size_t k = 0; k != from.size(); ++k)
        found.push_back(*std::launder(reinterpret_cast<kept const*>(from.room[k])));
    };
    take(long_);
    take(short_);
  }
  std::vector<decision> out;
  out.reserve(found.size());
  kernel_texts kernels;
  for (kept const& k : found) out.push_back(with_own_texts(k, kernels));
  std::sort(out.begin(), out.end(),
            [](decision const& a, decision const& b) { return a.number < b.number; });
  return out;
}

decision_log& all_decisions() noexcept {
  static constinit made_once<decision_log> log;
  return log.get();
}

}  // namespace hetmap::core
