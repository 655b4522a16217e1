// hetmap-stream: a file through a kernel into a file, however large, in bounded memory.
#include "kernels/black_scholes.hpp"
#include "kernels/escape_time.hpp"
#include "kernels/tone_curve.hpp"
#include "support/command_line.hpp"

#include <hetmap/hetmap.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/core.h>

namespace {

namespace npy = hetmap::npy;

struct request {
  std::string input;
  std::string output;
  std::string kernel;
  std::string raw;         ///< type of the elements of a file without a header; empty: .npy
  std::size_t offset = 0;  ///< of a file without a header, in bytes
  hetmap::backend backend = hetmap::backend::inherit;
  std::optional<std::size_t> max_bytes;
  double stops = 4;
  int iterations = 256;
  bool progress = false;
  bool explain = false;
  bool resume = false;
};

// -- the kernels, as functions of what a file holds -------------------------------------------

struct square {
  template <class T>
  HETMAP_FN T operator()(T v) const {
    return static_cast<T>(v * v);
  }
};

/// kind (1: call, -1: put), spot, strike, rate, volatility, years.
using option_row = std::array<double, 6>;
using greeks_row = std::array<double, 5>;

struct black_scholes {
  HETMAP_FN greeks_row operator()(option_row const& o) const {
    auto const [price, delta, gamma, vega, theta] = examples::greeks<>{}(
        static_cast<examples::option_kind>(o[0]), o[1], o[2], o[3], o[4], o[5]);
    return {price, delta, gamma, vega, theta};
  }
};

using pixel_row = std::array<std::uint8_t, 3>;

struct tone {
  float gain;

  HETMAP_FN pixel_row operator()(pixel_row const& p) const {
    examples::rgb8 const out = examples::to_screen{}(examples::compress_highlights{gain}(
        examples::expose{gain}(examples::linearise{}(examples::rgb8{p[0], p[1], p[2]}))));
    return {out.r, out.g, out.b};
  }
};

using point_row = std::array<float, 2>;

struct mandelbrot {
  int iterations;

  HETMAP_FN point_row operator()(point_row const& c) const {
    auto const [count, last] = examples::escape_time{iterations}(c[0], c[1]);
    return {count, last};
  }
};

// -- rows of a file ---------------------------------------------------------------------------

template <class T>
struct layout {
  using scalar = T;
  static constexpr std::size_t scalars = 1;
};
template <class T, std::size_t N>
struct layout<std::array<T, N>> {
  using scalar = T;
  static constexpr std::size_t scalars = N;
};

/// A .npy file of rows of R.
template <class R>
class row_sink {
  using scalar = typename layout<R>::scalar;
  static constexpr std::size_t scalars = layout<R>::scalars;

 public:
  explicit row_sink(npy::save file) : file_(std::move(file)) {}

  template <std::same_as<R>>
  std::size_t open(hetmap::sink_start const& start) {
    std::optional<std::size_t> total;
    if (start.total) total = *start.total * scalars;
    return file_.open<scalar>({total, start.resume}) / scalars;
  }
  void write(std::span<R const> block) {
    file_.write(std::span<scalar const>(reinterpret_cast<scalar const*>(block.data()),
                                        block.size() * scalars));
  }
  void finish() { file_.finish(); }
  void abandon() noexcept { file_.abandon(); }

 private:
  npy::save file_;
};

/// Where the rows of the input begin, and their shape.
struct source {
  npy::element_type type;
  std::vector<std::size_t> shape;
  std::size_t offset;
};

source look_at(request const& r) {
  if (r.raw.empty()) {
    auto h = npy::inspect(r.input);
    return {h.type, std::move(h.shape), h.data_offset};
  }
  if (r.raw.size() < 2 || r.raw.find_first_not_of("0123456789", 1) != std::string::npos)
    throw std::runtime_error(
        fmt::format("--raw: expected a type such as f8, f4, i4 or u1, got '{}'", r.raw));
  return {{r.raw[0], static_cast<unsigned>(std::stoul(r.raw.substr(1)))}, {0}, r.offset};
}

template <class In, class F>
void run(request const& r, source const& from, F f) {
  using scalar = typename layout<In>::scalar;
  using result = std::invoke_result_t<F&, In const&>;
  constexpr std::size_t columns = layout<In>::scalars;
  if (columns != 1 && r.raw.empty() && (from.shape.size() < 2 || from.shape.back() != columns))
    throw std::runtime_error(
        fmt::format("--kernel {} takes rows of {} numbers: '{}' has {}", r.kernel, columns, r.input,
                    from.shape.size() < 2 ? std::string("no rows")
                                          : fmt::format("rows of {}", from.shape.back())));
  static_assert(sizeof(In) == columns * sizeof(scalar));
  auto shape = from.shape;
  constexpr std::size_t results = layout<result>::scalars;
  if (columns != 1 && r.raw.empty()) shape.pop_back();
  if (results != 1) shape.push_back(results);

  std::optional<hetmap::terminal_bar> bar;
  hetmap::options how{.backend = r.backend, .max_bytes = r.max_bytes, .resume = r.resume};
  if (r.progress) how.progress = bar.emplace(r.kernel).callback();
  auto stream = hetmap::imap(how, f, hetmap::raw::reader<In>(r.input, from.offset));
  if (r.explain)
    fmt::print(
        stderr,
        "{} rows of {} through {}: backend {}, {} workers, at most {} chunks of {} rows ahead, "
        "at most {} bytes\n",
        *stream.total(), columns, r.kernel, hetmap::name(r.backend), stream.workers(),
        stream.window(), stream.chunk_elements(), stream.memory_bound());
  std::size_t const n = std::move(stream) | row_sink<result>(npy::save(r.output, shape));
  bar.reset();
  fmt::print("wrote {} rows to {}\n", n, r.output);
}

/// Runs f over elements of whichever of T... the file holds.
template <class... T, class F>
void run_on_any(request const& r, source const& from, F f) {
  bool const known = ((from.type == npy::type_of<T> && (run<T>(r, from, f), true)) || ...);
  if (!known)
    throw std::runtime_error(fmt::format(
        "--kernel {} takes {}, not {}", r.kernel,
        (fmt::format("{} ", npy::to_string(npy::type_of<T>)) + ...), npy::to_string(from.type)));
}
template <class In, class F>
void run_on_rows(request const& r, source const& from, F f) {
  using scalar = typename layout<In>::scalar;
  if (!(from.type == npy::type_of<scalar>))
    throw std::runtime_error(fmt::format("--kernel {} takes {}, not {}", r.kernel,
                                         npy::to_string(npy::type_of<scalar>),
                                         npy::to_string(from.type)));
  run<In>(r, from, f);
}

struct named_kernel {
  char const* name;
  char const* takes;
  void (*run)(request const&, source const&);
};

constexpr named_kernel kernels[] = {
    {"square", "float64, float32 or int64; each times itself",
     [](request const& r, source const& s) {
       run_on_any<double, float, std::int64_t>(r, s, square{});
     }},
    {"black_scholes",
     "rows of 6 float64 (1 call or -1 put, spot, strike, rate, volatility, years); rows of 5: "
     "price, "
     "delta, gamma, vega, theta",
     [](request const& r, source const& s) { run_on_rows<option_row>(r, s, black_scholes{}); }},
    {"tone", "rows of 3 uint8 (sRGB pixels); the same, exposed longer (--stops) and tone-mapped",
     [](request const& r, source const& s) {
       run_on_rows<pixel_row>(r, s, tone{static_cast<float>(std::exp2(r.stops))});
     }},
    {"mandelbrot",
     "rows of 2 float32 (points of the plane); rows of 2: iterations (--iterations at most) and "
     "the "
     "squared distance of the last point",
     [](request const& r, source const& s) {
       run_on_rows<point_row>(r, s, mandelbrot{r.iterations});
     }},
};

}  // namespace

int main(int argc, char** argv) {
  request r;
  bool list = false;
  CLI::App app{
      "Streams a file of numbers through a kernel into a .npy file. Files may be larger than "
      "memory: "
      "no more than --max-bytes is held.",
      "hetmap-stream"};
  app.add_option("input", r.input, "The file to read: .npy, or numbers without a header (--raw)");
  app.add_option("output", r.output, "The .npy file to write");
  app.add_option("--kernel", r.kernel, "What is computed; --list says which there are");
  app.add_flag("--list", list, "List the kernels, and what they take");
  app.add_option("--raw", r.raw, "The input has no header and holds this type: f8, f4, i8, u1, ...")
      ->type_name("TYPE");
  app.add_option("--offset", r.offset, "Bytes before the first number of such an input");
  examples::add_backend_option(app, r.backend);
  app.add_option("--max-bytes", r.max_bytes, "Size of what is held in memory at once")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--stops", r.stops, "tone: how much longer; each stop doubles the light")
      ->capture_default_str();
  app.add_option("--iterations", r.iterations, "mandelbrot: at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_flag("--progress", r.progress, "Show a bar on the terminal");
  app.add_flag("--explain", r.explain, "Say what will run where, and what it will hold");
  app.add_flag("--resume", r.resume, "Go on from what an earlier run has written");

  return examples::run_program(app, argc, argv, [&] {
    if (list) {
      for (named_kernel const& k : kernels) fmt::print("{:14} {}\n", k.name, k.takes);
      return;
    }
    if (r.input.empty() || r.output.empty() || r.kernel.empty())
      throw std::runtime_error("an input, an output and --kernel are needed; --help says more");
    for (named_kernel const& k : kernels)
      if (r.kernel == k.name) return k.run(r, look_at(r));
    throw std::runtime_error(
        fmt::format("--kernel: there is no '{}'; --list says which there are", r.kernel));
  });
}
