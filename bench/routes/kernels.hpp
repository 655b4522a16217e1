// Every case of the bench as a call of hetmap, over each kind of data, on the backend of the
// moment.
#pragma once

#include "../cases.hpp"
#include "../memory.hpp"

#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace bench::routes {

/// Where the data is.
enum class residency : unsigned char {
  page_aligned,  ///< host memory that begins at a page
  std_vector,    ///< host memory, where a std::vector has it
  array,         ///< in hetmap::arrays, which stay on a GPU
  generated,     ///< inputs made from their index by an iota; results go to page-aligned memory
};

[[nodiscard]] char const* name(residency where);
/// Throws std::invalid_argument for a name that is none of these.
[[nodiscard]] residency residency_from(std::string_view name);
/// The host memory that the columns lie in.
[[nodiscard]] memory memory_of(residency where);

/// Does nothing but end the lifetime of what operands point at.
struct owner {
  owner() = default;
  owner(owner const&) = delete;
  owner& operator=(owner const&) = delete;
  virtual ~owner() = default;
};
struct owned_operands {
  operands columns{};
  std::unique_ptr<owner> keeps;
};

/// One kernel over one kind of data.
struct route {
  /// Calls it, on the backend that `use` set last.
  void (*run)(operands const&) = nullptr;
  /// The operands that run takes, made of columns on the host; null: those columns themselves.
  owned_operands (*make)(operands const& host) = nullptr;

  explicit operator bool() const { return run != nullptr; }
};

struct kernel {
  case_description const* what;
  route host{}, array{}, generated{};  ///< the last two are empty where there is no such call

  [[nodiscard]] route const& over(residency where) const {
    if (where == residency::array) return array;
    return where == residency::generated ? generated : host;
  }
};

/// All kernels.
[[nodiscard]] std::vector<kernel> kernels();

/// On which backend calls run from now on; automatic is a call without options.
void use(hetmap::backend where);
/// How that call would run without options, which is what `use` is left at.
[[nodiscard]] hetmap::plan explain(route const& r, operands const& columns);

}  // namespace bench::routes
