// What elements cost, and how many of them to take at a time so that they last as long as is
// wanted.
#pragma once

#include <hetmap/detail/config.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace hetmap::core {

/// Elements, and the time that lanes spent on them inside a job's function, added up.
struct effort {
  std::size_t elements = 0;
  std::chrono::nanoseconds busy{0};

  effort& operator+=(effort const& other) noexcept {
    elements += other.elements;
    busy += other.busy;
    return *this;
  }
};

/// Efforts, those of whole blocks apart: single elements do not run at the loop's speed.
struct efforts {
  effort all{};
  effort in_blocks{};

  void add(effort const& e) noexcept {
    all += e;
    if (e.elements >= detail::block_elements) in_blocks += e;
  }
  efforts& operator+=(efforts const& other) noexcept {
    all += other.all;
    in_blocks += other.in_blocks;
    return *this;
  }
  /// What elements cost: in whole blocks, if these were a quarter of the elements or more.
  [[nodiscard]] effort const& told() const noexcept {
    return in_blocks.elements > all.elements / 4 ? in_blocks : all;
  }
};

/// Efforts on elements that had been given back because whoever had claimed them was late. Most
/// often he was only interrupted; that they are slow is believed when several claims in a row say
/// so.
struct retries {
  /// Seconds an element: what handing out a cheap one by itself costs is a tenth of that.
  static constexpr double slow_seconds = 1e-6;

  effort all{};
  effort slow{};
  std::size_t slow_claims = 0;

  void add(effort const& e) noexcept {
    all += e;
    if (1e-9 * static_cast<double>(e.busy.count()) < slow_seconds * static_cast<double>(e.elements))
      return;
    slow += e;
    ++slow_claims;
  }
  retries& operator+=(retries const& other) noexcept {
    all += other.all;
    slow += other.slow;
    slow_claims += other.slow_claims;
    return *this;
  }
  [[nodiscard]] bool are_slow() const noexcept {
    return slow_claims >= 3 && slow.elements > all.elements / 2;
  }
};

/// Elements that would have taken `seconds` if all cost what these did; eight times more or less
/// than `now` at most, since one clock reading is not trusted further.
[[nodiscard]] inline double next_pace(std::size_t now, effort const& spent,
                                      double seconds) noexcept {
  double const taken = std::max(1e-9 * static_cast<double>(spent.busy.count()), 1e-9);
  double const fitting = static_cast<double>(spent.elements) * seconds / taken;
  return std::clamp(fitting, static_cast<double>(now) / 8, static_cast<double>(now) * 8);
}

}  // namespace hetmap::core
