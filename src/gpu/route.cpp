#include "route.hpp"

#include "../base/backend.hpp"
#include "../base/error.hpp"
#include "../base/rates.hpp"
#include "../base/size_costs.hpp"
#include "../base/text.hpp"
#include "array_memory.hpp"
#include "devices.hpp"
#include "forms.hpp"

#include <hetmap/error.hpp>

#include <exception>
#include <optional>
#include <string>

namespace hetmap::core {
namespace {

using namespace detail;

gpu_route refused(char const* why) {
  gpu_route out;
  out.no_gpu = why;
  return out;
}

/// The forms that a call needs.
struct call_forms {
  gpu_form const* map = nullptr;   // null if nothing is mapped
  gpu_form const* fold = nullptr;  // null if nothing is folded
  gpu_site* missing = nullptr;     // that there is none for; null: there is nothing else
};

/// Those for that vendor's devices; null for anybody's.
call_forms forms_for(gpu_work const& work, char const* vendor) {
  auto const find = [&](gpu_site& site) {
    return vendor == nullptr ? find_gpu_form(site) : find_form_for(site, vendor);
  };
  call_forms out;
  if (work.site != nullptr) {
    out.map = find(*work.site);
    if (out.map == nullptr) out.missing = work.site;
  }
  if (work.fold != nullptr && out.missing == nullptr) {
    out.fold = find(*work.fold->site);
    if (out.fold == nullptr) out.missing = work.fold->site;
  }
  return out;
}

/// The refusal of a call that has not all the forms that it needs; no refusal otherwise.
gpu_route without_forms(job const& work, bool in_words) {
  if (work.gpu == nullptr) return refused(work.no_gpu);
  gpu_site* const missing = forms_for(*work.gpu, nullptr).missing;
  if (missing == nullptr) return {};
  if (in_words) return refused(interned(missing_form(*missing)));
  return refused(missing == work.gpu->site ? "the kernel has no GPU form for these types"
                                           : "the operation has no GPU form for this type");
}

/// Whether the columns of a call hold what the form takes, as far as sizes tell.
bool same_elements(gpu_form const& form, gpu_work const& work) {
  unsigned const first = form.outputs - work.outputs;  // a fold's results are nobody's columns
  for (unsigned k = 0; k != work.outputs + work.inputs; ++k)
    if (form.element_bytes[first + k] != work.operands[k].memory.bytes) return false;
  return true;
}

}  // namespace

gpu_route find_route(job const& work, settings const& how, backend asked, bool in_words) {
  bool const by_name = needs_gpu(asked);
  if (!by_name && asked != backend::automatic) return refused("another backend was asked for");
  // Where a GPU was asked for, that there is none is said first: everything else would be in vain.
  gpu_route none = without_forms(work, in_words);
  if (none.no_gpu != nullptr && !by_name) return none;
  vendor_filter const has_forms = [&](char const* vendor) {
    return none.no_gpu != nullptr || forms_for(*work.gpu, vendor).missing == nullptr;
  };
  usable_device const found = find_device(
      how.device >= 0 ? std::optional(static_cast<unsigned>(how.device)) : std::nullopt, has_forms);
  if (found.gpu == nullptr) return refused(interned(found.why_none));
  if (none.no_gpu != nullptr) return none;
  call_forms const forms = forms_for(*work.gpu, found.vendor);
  gpu_route out{.gpu = found.gpu, .form = forms.map, .fold_form = forms.fold};
  gpu_fold const* const fold = work.gpu->fold;
  if (out.form != nullptr &&
      (out.form->functor_bytes != work.functor_bytes ||
       out.form->outputs != (fold != nullptr ? 1 : work.gpu->outputs) ||
       out.form->inputs != work.gpu->inputs || !same_elements(*out.form, *work.gpu)))
    return refused("the file with its GPU form was compiled for another version of the kernel");
  if (fold != nullptr && (out.fold_form->functor_bytes != work.operation_bytes ||
                          out.fold_form->element_bytes[0] != fold->value_bytes))
    return refused("the file with its GPU form was compiled for another version of the operation");
  status const known = locate_columns(work, out.form != nullptr ? *out.form : *out.fold_form,
                                      *found.gpu, how.verb, out.columns);
  if (!known.ok()) {
    if (known.what == fault::lost) mark_lost(*found.gpu, known);
    if (!by_name) return refused(known.text);
    clear_failed_index();
    std::rethrow_exception(failure_of(*found.gpu, known, how.verb));
  }
  for (located_column const& c : out.columns) {
    if (fold != nullptr && c.output) continue;  // its values are next to nothing
    out.travels |= c.how != travel::none;
    out.unreachable |= c.how == travel::none && !c.generated && c.array == nullptr;
  }
  return out;
}

void bring_results_home(gpu_route& route) {
  for (located_column& c : route.columns)
    if (c.output && c.array != nullptr) c.how = travel::staged;
}

gpu_problem describe(gpu_route const& route, job const& work) {
  gpu_problem out{.unavailable = route.no_gpu};
  if (route.no_gpu != nullptr) return out;
  if (work.gpu->fold != nullptr) out.exact_chunk = fold_piece;
  for (located_column const& c : route.columns) {
    if (work.gpu->fold != nullptr && c.output) continue;
    if (c.array != nullptr) {
      if (c.output) {
        out.results_stay = true;
        continue;
      }
      if (!c.array->is_on(*route.gpu)) {
        out.link_bytes_in += c.memory.bytes;
        out.staged_bytes_in += c.memory.bytes;
        out.ahead_bytes_in += c.memory.bytes;
      }
      if (!c.array->on_host()) out.fetched_bytes += c.memory.bytes;
    } else if (c.how != travel::none) {
      (c.output ? out.link_bytes_out : out.link_bytes_in) += c.memory.bytes;
      if (c.how == travel::staged)
        (c.output ? out.staged_bytes_out : out.staged_bytes_in) += c.memory.bytes;
    } else if (!c.generated && !c.output)
      out.fetched_bytes += c.memory.bytes;
  }
  if (work.learned == nullptr) return out;
  out.element_nanoseconds = work.learned->on_gpu(route.travels).nanoseconds();
  gpu_size_costs const& size = work.learned->on_gpu_of_size(work.count);
  recent_cost const& whole = route.travels ? size.travelling : size.resident;
  out.whole_nanoseconds = whole.nanoseconds();
  out.whole_is_first = !whole.is_settled();
  if (size.both.is_settled()) out.both_nanoseconds = size.both.nanoseconds();
  return out;
}

}  // namespace hetmap::core
