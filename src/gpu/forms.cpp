#include "forms.hpp"

#include "../base/forked.hpp"
#include "../base/text.hpp"
#include "resources.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <vector>

namespace hetmap {
namespace core {
namespace {

using namespace detail;

struct registry {
  process_mutex guard;
  std::vector<gpu_form const*> forms;        // in the order of their registration
  std::atomic<std::uint64_t> generation{1};  // 0 is what a call site starts with
};

registry& all_forms() {
  // Never destroyed: files that were loaded later take their forms back later.
  static constinit made_once<registry> all;
  return all.get();
}

bool same_name(char const* a, char const* b) { return a == b || std::strcmp(a, b) == 0; }

/// Two types in unnamed namespaces of two files have one name.
bool is_ambiguous(char const* kernel) { return std::strstr(kernel, "_GLOBAL__N_") != nullptr; }

bool serves(gpu_form const& form, gpu_site const& site) {
  return form.kind == site.kind && same_name(form.kernel, site.kernel->name());
}

/// With the registry's lock held. vendor: null for any.
gpu_form const* first_form(registry const& all, gpu_site const& site, char const* vendor) {
  if (is_ambiguous(site.kernel->name())) return nullptr;
  for (gpu_form const* form : all.forms)
    if (serves(*form, site) && same_name(form->signature, site.signature->name()) &&
        (vendor == nullptr || same_name(form->vendor, vendor)))
      return form;
  return nullptr;
}

}  // namespace

gpu_form const* find_form_for(gpu_site& site, char const* vendor) {
  gpu_form const* const any = find_gpu_form(site);
  if (any == nullptr || same_name(any->vendor, vendor)) return any;
  auto& all = all_forms();
  std::lock_guard const guard(all.guard);
  return first_form(all, site, vendor);
}

std::string missing_form(gpu_site const& site) {
  bool const map = site.kind == form_kind::map;
  std::string const kernel = demangled(site.kernel->name());
  std::string const signature = demangled(site.signature->name());
  if (is_ambiguous(site.kernel->name()))
    return "kernel " + kernel +
           " lies in an unnamed namespace, where the GPU form of another file "
           "cannot be told from its own; give it a namespace with a name";
  std::string text = (map ? "kernel " : "operation ") + kernel;
  text.append(" has no GPU form for ").append(signature);
  std::string others;
  auto& all = all_forms();
  {
    std::lock_guard const guard(all.guard);
    for (gpu_form const* form : all.forms)
      if (serves(*form, site))
        others.append(others.empty() ? "" : ", ").append(form->signature_text);
  }
  if (!others.empty()) text.append(" (it has one for ").append(others).append(")");
  text.append("; write ").append(map ? "HETMAP_GPU_KERNEL(" : "HETMAP_GPU_REDUCE(");
  return text.append(signature).append(", ").append(kernel).append(
      ") in a file for nvcc and link it, or use cpu");
}

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

void register_gpu_form(gpu_form const& form) {
  auto& all = core::all_forms();
  std::lock_guard const guard(all.guard);
  all.forms.push_back(&form);
  all.generation.fetch_add(1, std::memory_order_release);
}

void unregister_gpu_form(gpu_form const& form) noexcept {
  core::await_abandoned();
  auto& all = core::all_forms();
  std::lock_guard const guard(all.guard);
  std::erase(all.forms, &form);
  all.generation.fetch_add(1, std::memory_order_release);
}

std::uint64_t gpu_forms_generation() noexcept {
  return core::all_forms().generation.load(std::memory_order_acquire);
}

gpu_form const* find_gpu_form(gpu_site& site) {
  auto& all = core::all_forms();
  if (site.generation.load(std::memory_order_acquire) ==
      all.generation.load(std::memory_order_acquire))
    return site.found.load(std::memory_order_relaxed);
  // Stored under the lock, so that what two threads find is never mixed up.
  std::lock_guard const guard(all.guard);
  gpu_form const* const found = core::first_form(all, site, nullptr);
  site.found.store(found, std::memory_order_relaxed);
  site.generation.store(all.generation.load(std::memory_order_relaxed), std::memory_order_release);
  return found;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
