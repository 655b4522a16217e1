// Every option of every verb, in the order that designated initialisers need.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/error.hpp>
#include <hetmap/progress.hpp>
#include <hetmap/stop.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Where a call runs: by its own choice, else its pool's, else HETMAP_BACKEND's, else
/// automatic. A backend asked for by name is used or the call throws; it is never replaced.
enum class backend : unsigned char {
  inherit,    ///< not chosen here
  automatic,  ///< whichever is predicted to finish first ("auto")
  serial,     ///< the calling thread alone
  cpu,        ///< the CPU's cores, the calling thread among them
  gpu,        ///< the GPU
  hybrid,     ///< CPU and GPU together
};

namespace detail {

/// Backends that run calls: all but inherit and automatic, which leave the choice to somebody else.
inline constexpr std::size_t backend_count =
    static_cast<std::size_t>(backend::hybrid) - static_cast<std::size_t>(backend::automatic);

}  // namespace detail

/// "inherit", "auto", "serial", "cpu", "gpu" or "hybrid".
[[nodiscard]] HETMAP_API char const* name(backend where) noexcept;

/// The backend of that name: auto, serial, cpu, gpu or hybrid.
///
/// Throws:   option_error naming `source` (an option, an environment variable) and the valid names.
[[nodiscard]] HETMAP_API backend backend_from_name(std::string_view text,
                                                   std::string_view source = "backend");

/// The backend that calls without one of their own inherit: HETMAP_BACKEND, or automatic.
///
/// Throws:   option_error if the variable holds anything else.
/// Cost:     the environment is read once per process, at the first call.
[[nodiscard]] HETMAP_API backend default_backend();

/// A span of time, from any std::chrono::duration.
class time_limit {
 public:
  template <class Duration>
    requires requires(Duration d) {
      { d.count() } -> std::convertible_to<double>;
      Duration::period::num;
      Duration::period::den;
    }
  constexpr time_limit(Duration d)
      : seconds_(static_cast<double>(d.count()) * static_cast<double>(Duration::period::num) /
                 static_cast<double>(Duration::period::den)) {}

  [[nodiscard]] constexpr double seconds() const noexcept { return seconds_; }

 private:
  double seconds_;
};

/// Type of `raise`: the first failure, in the order of the input, ends the call with its exception.
struct raise_errors {};

/// Type of `collect`: the call returns one outcome per element; failures disturb nothing else.
/// Made only by `collect` itself, so that `{.errors = hetmap::collect}` picks the right overload.
class collect_errors {
 public:
  struct only_here {
    explicit only_here() = default;
  };
  explicit constexpr collect_errors(only_here) noexcept {}
};

inline constexpr raise_errors raise{};
inline constexpr collect_errors collect{collect_errors::only_here()};

/// The options of a call, its first argument: map({.backend = hetmap::backend::cpu}, f, x).
///
/// A field that a verb does not serve is refused with option_error when it is set.
struct options {
  /// Where to run.
  hetmap::backend backend = hetmap::backend::inherit;
  /// At most this many calls of f at once; from 1. Default: the physical cores, or what the
  /// caller's task arena allows if that is less.
  std::optional<unsigned> workers = {};
  /// Elements handed to a worker at a time; from 1. Default: chosen by measured cost.
  std::optional<std::size_t> chunk_size = {};
  /// Chunks that a stream may run ahead; from 1. Streams only.
  std::optional<std::size_t> window = {};
  /// Size, in bytes, of all the memory that a stream may hold. Streams only.
  std::optional<std::size_t> max_bytes = {};
  /// A std::stop_token, say. Stops the call with cancelled_error: each worker ends after its
  /// current chunk; without .chunk_size, after the running call of f or about 0.1 ms of quick ones.
  stop_condition stop = {};
  /// Receives reports while the call runs.
  progress_callback progress = {};
  /// raise; `.errors = hetmap::collect` makes these collect_options.
  raise_errors errors = raise;
  /// The same bits on every CPU: no instruction set beyond the file's own, no contraction of
  /// a * b + c, no GPU.
  bool reproducible = false;
  /// Which GPU, by index from 0; the first, if not set. Memory of GPUs that is mapped has to be
  /// its.
  std::optional<unsigned> device = {};
  /// Stops the call when it has lasted this long. Pools only.
  std::optional<time_limit> deadline = {};
  /// Goes on from the last complete chunk of an earlier run. Sinks only.
  bool resume = false;
  /// Keeps a host copy of what lives on the device, should that be lost. Arrays only.
  bool host_copy = false;
};

/// The same fields with `.errors = hetmap::collect`, which is what makes the verb return outcomes:
/// map({.errors = hetmap::collect}, f, x) is a hetmap::vector<hetmap::outcome<R>>.
///
/// A type of its own, since only a type can change what a call returns; `errors` has no default
/// here, so that a list which does not name it means `options`.
struct collect_options {
  hetmap::backend backend = hetmap::backend::inherit;
  std::optional<unsigned> workers = {};
  std::optional<std::size_t> chunk_size = {};
  std::optional<std::size_t> window = {};
  std::optional<std::size_t> max_bytes = {};
  stop_condition stop = {};
  progress_callback progress = {};
  collect_errors errors;
  bool reproducible = false;
  std::optional<unsigned> device = {};
  std::optional<time_limit> deadline = {};
  bool resume = false;
  bool host_copy = false;
};

namespace detail {

/// The inside of a pool.
class pool_core;

/// One call's stop token for functions that take one.
class stop_hub;

template <class T>
concept any_options = std::derived_from<T, options> || std::derived_from<T, collect_options>;

/// The options of one call, or of one stream, as the core sees them. What a verb's options become
/// is decided by settings_of() alone; from there on they are passed whole. `{.verb = ...}` sets
/// nothing, and a call is plain where it equals that.
struct settings {
  char const* verb;
  hetmap::backend backend = hetmap::backend::inherit;
  bool reproducible = false;
  bool resume = false;
  bool host_copy = false;
  unsigned workers = 0;  // 0: not set, as in what follows
  std::size_t chunk_size = 0;
  std::size_t window = 0;
  std::size_t max_bytes = 0;
  stop_condition const* stop = nullptr;         // null: not set
  progress_callback const* progress = nullptr;  // null: not set
  pool_core* pool = nullptr;                    // null: not a pool's call
  stop_hub* hub = nullptr;                      // null: f takes no stop token
  std::int64_t deadline = 0;                    // nanoseconds of the steady clock; 0: not set
  std::int64_t device = -1;                     // -1: not set

  friend bool operator==(settings const&, settings const&) = default;

  /// The same with copies, that live longer, of what they point at.
  [[nodiscard]] settings pointing_at(stop_condition const& own_stop,
                                     progress_callback const& own_progress) const noexcept {
    settings out = *this;
    if (stop != nullptr) out.stop = &own_stop;
    if (progress != nullptr) out.progress = &own_progress;
    return out;
  }
};

/// Throws option_error for `name`, which `verb` does not serve; `served_by` says what does.
[[noreturn]] HETMAP_API void refuse_option(char const* verb, char const* name,
                                           char const* served_by);
/// Throws option_error for `name`, which was set to 0.
[[noreturn]] HETMAP_API void refuse_zero(char const* verb, char const* name);

/// The moment this far from now, in nanoseconds of the steady clock; never 0.
[[nodiscard]] HETMAP_API std::int64_t from_now(time_limit limit) noexcept;

inline namespace HETMAP_TAG {

/// The settings that options come to: the only place where they are forwarded.
template <any_options Options>
[[nodiscard]] settings settings_of(char const* verb, Options const& o) {
  return {.verb = verb,
          .backend = o.backend,
          .reproducible = o.reproducible,
          .resume = o.resume,
          .host_copy = o.host_copy,
          .workers = o.workers.value_or(0),
          .chunk_size = o.chunk_size.value_or(0),
          .window = o.window.value_or(0),
          .max_bytes = o.max_bytes.value_or(0),
          .stop = detail::without_index([&] { return o.stop.stop_possible(); }) ? &o.stop : nullptr,
          .progress = o.progress ? &o.progress : nullptr,
          .deadline = o.deadline ? detail::from_now(*o.deadline) : 0,
          .device = o.device ? std::int64_t{*o.device} : -1};
}

/// What a verb serves beyond what all verbs do.
struct serves {
  bool deadline = false;
  bool host_copy = false;
};

/// Checks the options of a call before the function or the input is touched.
template <any_options Options>
[[nodiscard]] settings checked(char const* verb, Options const& o, serves also = {}) {
  if (o.workers == 0u) refuse_zero(verb, "workers");
  if (o.chunk_size == std::size_t{0}) refuse_zero(verb, "chunk_size");
  if (o.window == std::size_t{0}) refuse_zero(verb, "window");
  if (o.window) refuse_option(verb, "window", "streams (imap)");
  if (o.max_bytes) refuse_option(verb, "max_bytes", "streams (imap)");
  if (o.deadline && !also.deadline) refuse_option(verb, "deadline", "pools");
  if (o.resume) refuse_option(verb, "resume", "sinks of streams");
  if (o.host_copy && !also.host_copy) refuse_option(verb, "host_copy", "maps over arrays");
  return detail::settings_of(verb, o);
}

/// The same for a stream.
template <any_options Options>
[[nodiscard]] settings checked_stream(char const* verb, Options const& o) {
  if (o.workers == 0u) refuse_zero(verb, "workers");
  if (o.chunk_size == std::size_t{0}) refuse_zero(verb, "chunk_size");
  if (o.window == std::size_t{0}) refuse_zero(verb, "window");
  if (o.max_bytes == std::size_t{0}) refuse_zero(verb, "max_bytes");
  if (o.deadline) refuse_option(verb, "deadline", "calls of pools that are no streams");
  if (o.host_copy) refuse_option(verb, "host_copy", "maps over arrays");
  return detail::settings_of(verb, o);
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
