// A photograph, exposed longer and tone-mapped: map over pixels, several steps composed into one
// pass.
#include "kernels/tone_curve.hpp"
#include "support/agreement.hpp"
#include "support/command_line.hpp"
#include "support/contest.hpp"
#include "support/png_image.hpp"

#include <hetmap/hetmap.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace {

using examples::image;
using examples::rgb8;

/// The channels of pixels as one row of numbers.
std::span<std::uint8_t const> channels(std::vector<rgb8> const& pixels) {
  return {reinterpret_cast<std::uint8_t const*>(pixels.data()), pixels.size() * sizeof(rgb8)};
}

}  // namespace

int main(int argc, char** argv) {
  std::string input = HETMAP_EXAMPLES_DATA "/rocket.png";
  std::string output = "tone_map.png";
  double stops = 4;
  bool alone = false;
  examples::common_options common;

  CLI::App app{
      "Exposes a photograph longer and compresses its highlights, so that dark parts show and "
      "bright ones keep their shape. Writes three pictures side by side: as it is; exposed longer "
      "and cut off at white; exposed longer and tone-mapped.",
      "tone_map"};
  app.add_option("--input", input, "The photograph, a PNG file")->capture_default_str();
  app.add_option("--output", output, "The PNG file to write")->capture_default_str();
  app.add_option("--stops", stops, "How much longer; each stop doubles the light")
      ->check(CLI::Range(-10.0, 10.0))
      ->capture_default_str();
  app.add_flag("--alone", alone, "Write the tone-mapped picture without the other two");
  examples::add_common_options(app, common);

  return examples::run_program(app, argc, argv, [&] {
    image const photograph = examples::read_png(input);
    std::vector<rgb8> const& pixels = photograph.pixels;
    auto const gain = static_cast<float>(std::exp2(stops));

    examples::linearise const linearise{};
    examples::expose const expose{gain};
    examples::compress_highlights const compress{gain};  // the photograph's white stays white
    examples::to_screen const to_screen{};
    auto const tone_map = hetmap::compose(to_screen, compress, expose, linearise);

    image mapped = photograph;
    {
      hetmap::terminal_bar bar{"tone mapping"};
      hetmap::map_into({.backend = common.backend, .progress = bar.callback()}, mapped.pixels,
                       tone_map, pixels);
    }
    if (alone) {
      examples::write_png(output, mapped);
    } else {
      image cut = photograph;
      hetmap::map_into({.backend = common.backend}, cut.pixels,
                       hetmap::compose(to_screen, expose, linearise), pixels);
      examples::write_png(output, examples::side_by_side({photograph, cut, mapped}, 8));
    }
    fmt::print("wrote {}\n", output);

    if (common.repetitions == 0) return;
    std::vector<rgb8> out(pixels.size());
    auto const plain_loop = [&] {
      for (std::size_t i = 0; i != pixels.size(); ++i)
        out[i] = to_screen(compress(expose(linearise(pixels[i]))));
    };
    auto const here = examples::backends_here([&](hetmap::backend b) {
      static_cast<void>(hetmap::explain({.backend = b}, tone_map, pixels));
    });
    plain_loop();
    examples::check_agreement(
        here, std::vector<rgb8>(out),
        [&](hetmap::options const& how) {
          std::vector<rgb8> result(pixels.size());
          hetmap::map_into(how, result, tone_map, pixels);
          return result;
        },
        [](std::vector<rgb8> const& a, std::vector<rgb8> const& b, double each) {
          examples::difference d;
          d.add(channels(a), channels(b), each);
          return d;
        },
        {.each = 1, .share_beyond = 0, .in_words = "1 of 255 levels"});

    examples::contest race("tone_map", pixels.size(), pixels.size() * 2 * sizeof(rgb8));
    race.add("plain loop", plain_loop);
    for (hetmap::backend const b : here)
      race.add(fmt::format("hetmap {}", hetmap::name(b)),
               [&, b] { hetmap::map_into({.backend = b}, out, tone_map, pixels); });
    examples::run_contest(race, common);
  });
}
