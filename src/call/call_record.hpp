// What is written down of a call: gathered while it runs, kept and printed when it has ended.
#pragma once

#include "../base/call_notes.hpp"

#include <hetmap/decisions.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/plan.hpp>

#include <chrono>
#include <cstddef>

namespace hetmap::core {

/// One call, which may come in several parts, or one stream. It allocates nothing, unless something
/// is printed.
class call_record {
 public:
  using clock = std::chrono::steady_clock;

  struct silence {};
  static constexpr silence silent{};

  call_record() = default;
  /// One that nothing is written of.
  explicit call_record(silence) : written_(true) {}
  ~call_record() { write(); }
  call_record(call_record const&) = delete;
  call_record& operator=(call_record const&) = delete;

  /// The call, or its next part, has been planned: it begins. Nothing is written of one that never
  /// did. The plan is the first part's.
  ///
  /// total: elements of the whole call; 0 if unknown.
  void begin(detail::job const& work, detail::settings const& how, plan const& chosen,
             std::size_t total) noexcept;

  /// It began before its plan was made.
  void set_beginning(clock::time_point at) noexcept { began_ = at; }
  [[nodiscard]] clock::time_point beginning() const noexcept { return began_; }
  /// So many more elements are final.
  void add_done(std::size_t elements) noexcept { told_.done += elements; }
  /// The elements of a call whose plan knew no number.
  void set_elements(std::size_t elements) noexcept { told_.plan.elements = elements; }
  /// How it ended: by a failure, until something else is said.
  void end_by(call_end how) noexcept { told_.end = how; }

  /// Another record is written of this call, which goes on.
  void drop() noexcept { written_ = true; }

  /// Writes it down, and prints it if that was asked for. Once; the destructor does it at the
  /// latest.
  void write() noexcept;

  /// Whether it has begun, and is not written yet.
  [[nodiscard]] bool is_open() const noexcept { return begun_ && !written_; }

  /// What executors say of it.
  call_notes notes;

 private:
  decision told_{};
  char const* callers_text_ = nullptr;
  clock::time_point began_{};
  bool begun_ = false;
  bool written_ = false;
};

/// What there is to tell of a call that was too short for a plan.
struct short_call_facts {
  backend asked = backend::automatic;
  isa level = isa::baseline;
  unsigned workers = 1;
  char const* reason = nullptr;  ///< null: the usual ones
};

/// The plan that such a call followed.
[[nodiscard]] plan plan_of(detail::job const& work, short_call_facts const& facts) noexcept;

/// Writes a short call down that was timed, unless one was within the last 0.1 ms: they come often,
/// and what is kept of them would cover no time.
void record_short_call(detail::job const& work, detail::settings const& how,
                       short_call_facts const& facts, call_record::clock::time_point began,
                       call_record::clock::time_point ended, call_end how_ended) noexcept;

}  // namespace hetmap::core
