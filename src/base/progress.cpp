#include "reporter.hpp"

#include <hetmap/progress.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hetmap {
namespace core {

void reporter::add(std::size_t elements) {
  if (callback_ == nullptr) return;
  {
    std::lock_guard const guard(count_guard_);
    done_ += elements;
  }
  std::unique_lock const turn(guard_, std::try_to_lock);
  if (!turn.owns_lock() || clock::now() < next_) return;
  std::size_t done;
  {
    std::lock_guard const guard(count_guard_);
    done = done_;
  }
  // The total is finish()'s to report, once the call is known to have succeeded. Where it is not
  // known, these elements may be the last, so they are left for the next report.
  if (total_ == 0) done -= elements;
  if (done == total_ || done <= reported_) return;
  next_ = clock::now() + between_reports;
  reported_ = done;
  report(done, total_);
}

void reporter::take_back(std::size_t elements) noexcept {
  std::lock_guard const guard(count_guard_);
  done_ -= std::min(done_, elements);
}

void reporter::finish(std::size_t total) {
  if (callback_ != nullptr) report(total, total);
}

void reporter::report(std::size_t done, std::size_t total) {
  double const elapsed = std::chrono::duration<double>(clock::now() - began_).count();
  double const rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
  bool const known = total > done && rate > 0;
  (*callback_)({.done = done,
                .total = total,
                .elapsed_seconds = elapsed,
                .elements_per_second = rate,
                .remaining_seconds = known ? static_cast<double>(total - done) / rate : 0});
}

}  // namespace core

inline namespace HETMAP_ABI {

terminal_bar::terminal_bar(std::string label) : label_(std::move(label)) {}

terminal_bar::~terminal_bar() {
  if (shown_) std::fputc('\n', stderr);
}

progress_callback terminal_bar::callback() {
  return [this](progress const& p) {
    if (isatty(STDERR_FILENO) == 0) return;
    winsize size{};
    bool const sized = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    std::fprintf(stderr, "\r%s\033[K", line(label_, p, sized ? size.ws_col - 1u : 79u).c_str());
    std::fflush(stderr);
    shown_ = true;
  };
}

std::string terminal_bar::line(std::string const& label, progress const& p, std::size_t width) {
  char numbers[96];
  double rate = p.elements_per_second;
  char const* unit = "";
  for (char const* larger : {"k", "M", "G", "T"}) {
    if (rate < 1000) break;
    rate /= 1000;
    unit = larger;
  }
  if (p.total == 0)
    std::snprintf(numbers, sizeof numbers, " %zu elements  %.3g %s/s", p.done, rate, unit);
  else
    std::snprintf(numbers, sizeof numbers, " %3.0f%%  %.3g %s/s  %.0f s left",
                  std::floor(100.0 * static_cast<double>(p.done) / static_cast<double>(p.total)),
                  rate, unit, std::ceil(p.remaining_seconds));
  std::string out = label + " ";
  std::size_t const used = out.size() + std::char_traits<char>::length(numbers) + 2;
  if (p.total != 0 && used + 8 <= width) {
    std::size_t const room = std::min<std::size_t>(width - used, 40);
    auto const full = static_cast<std::size_t>(
        static_cast<double>(room) * static_cast<double>(p.done) / static_cast<double>(p.total));
    out.append(1, '[').append(full, '#').append(room - full, '.').append(1, ']');
  }
  return (out + numbers).substr(0, width);
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
