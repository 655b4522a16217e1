// The Mandelbrot set: starmap over the pixels' coordinates, two results a pixel, and a map that
// colours them.
#include "kernels/escape_time.hpp"
#include "support/agreement.hpp"
#include "support/command_line.hpp"
#include "support/contest.hpp"
#include "support/png_image.hpp"

#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <ranges>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/core.h>

namespace {

/// One element a pixel of each.
struct escapes {
  std::vector<float> count;
  std::vector<float> last;

  explicit escapes(std::size_t pixels) : count(pixels), last(pixels) {}
  [[nodiscard]] auto columns() { return hetmap::columns(count, last); }
  friend bool operator==(escapes const&, escapes const&) = default;
};

/// GCC takes several points at once through a loop that has another one inside; Clang does not, and
/// does better to leave a point as soon as it has escaped.
#ifdef __clang__
using escape_kernel = examples::escape_time;
#else
using escape_kernel = examples::escape_time_in_lanes;
#endif

}  // namespace

int main(int argc, char** argv) {
  examples::plane_view view{
      .center_x = -0.6, .center_y = 0, .width = 4.2, .columns = 1920, .rows = 1080};
  int iterations = 256;
  std::string output = "mandelbrot.png";
  examples::common_options common{.repetitions = 5};

  CLI::App app{"Draws the Mandelbrot set.", "mandelbrot"};
  app.add_option("--output", output, "The PNG file to write")->capture_default_str();
  app.add_option("--width", view.columns, "Columns of the picture, in pixels")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  app.add_option("--height", view.rows, "Rows of the picture, in pixels")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  app.add_option("--iterations", iterations, "Iterations before a point counts as in the set")
      ->check(CLI::Range(1, 1 << 24))  // counted in float, which is exact up to there
      ->capture_default_str();
  app.add_option("--center-x", view.center_x, "Middle of the picture, real part")
      ->check(CLI::Range(-4.0, 4.0))
      ->capture_default_str();
  app.add_option("--center-y", view.center_y, "Middle of the picture, imaginary part")
      ->check(CLI::Range(-4.0, 4.0))
      ->capture_default_str();
  app.add_option("--view-width", view.width, "Width of the picture on the plane")
      ->check(CLI::Range(1e-3, 16.0))  // below, neighbouring pixels meet in one float
      ->capture_default_str();
  examples::add_common_options(app, common);

  return examples::run_program(app, argc, argv, [&] {
    std::size_t const pixels = view.columns * view.rows;
    auto const points = hetmap::map(view, std::views::iota(std::size_t{0}, pixels));
    escape_kernel const escape{iterations};

    escapes found(pixels);
    {
      hetmap::terminal_bar bar{"mandelbrot"};
      hetmap::starmap_into({.backend = common.backend, .progress = bar.callback()}, found.columns(),
                           escape, points);
    }
    examples::image picture{.width = view.columns, .height = view.rows, .pixels = {}};
    picture.pixels.resize(pixels);
    hetmap::map_into({.backend = common.backend}, picture.pixels,
                     examples::escape_colour{iterations}, found.count, found.last);
    examples::write_png(output, picture);
    fmt::print("wrote {}\n", output);

    if (common.repetitions == 0) return;
    escapes out(pixels);
    auto const plain_loop = [&] {
      examples::escape_time const escape_of{iterations};
      for (std::size_t i = 0; i != pixels; ++i)
        std::tie(out.count[i], out.last[i]) = escape_of(points[i].first, points[i].second);
    };
    auto const here = examples::backends_here([&](hetmap::backend b) {
      static_cast<void>(hetmap::starmap({.backend = b}, escape, std::views::take(points, 0)));
    });
    plain_loop();
    examples::check_agreement(
        here, escapes(out),
        [&](hetmap::options const& how) {
          escapes result(pixels);
          hetmap::starmap_into(how, result.columns(), escape, points);
          return result;
        },
        [](escapes const& a, escapes const& b, double each) {
          examples::difference d;
          d.add(a.count, b.count, each);
          return d;
        },
        {.each = 0,
         .share_beyond = 0.01,
         .in_words = "another count for 1% of the pixels: near the set a rounding error grows "
                     "with every iteration"});

    // Two floats in, two floats out.
    examples::contest race("mandelbrot", pixels, pixels * 4 * sizeof(float));
    race.add("plain loop", plain_loop);
    for (hetmap::backend const b : here)
      race.add(fmt::format("hetmap {}", hetmap::name(b)),
               [&, b] { hetmap::starmap_into({.backend = b}, out.columns(), escape, points); });
    examples::run_contest(race, common);
  });
}
