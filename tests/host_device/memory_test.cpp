// What a call does about memory that a GPU cannot use where it lies: it says so before anything is
// launched, and the GPU can be used as before.
#include "host_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace memory_kernels {

struct sum {
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int64_t b) const { return a + b; }
};
struct two_in {
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int64_t b) const { return a - b; }
};
struct first_of_row {
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int32_t) const { return a; }
};
template <std::size_t Alignment>
struct alignas(Alignment) wide {
  int v;
};
template <std::size_t Alignment>
struct up {
  HETMAP_FN wide<Alignment> operator()(wide<Alignment> const& w) const { return {w.v + 1}; }
};

struct copy {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return v; }
};
struct as_tuple {
  HETMAP_FN hetmap::tuple<std::int64_t> operator()(std::int64_t v) const { return {v}; }
};

}  // namespace memory_kernels

namespace {

using namespace host_kernels;
using namespace memory_kernels;
using hetmap::backend;
using hetmap::device_span;
using hetmap::core::place;
using support::on_virtual_device;

using integers = device_span<std::int64_t>;

hetmap::options const on_gpu{.backend = backend::gpu};

class Memory : public on_virtual_device {
 protected:
  static constexpr std::size_t n = 1000;

  Memory() {
    in_ = given(x);
    out_ = given(std::vector<std::int64_t>(n, -1));
    EXPECT_TRUE(gpu().create(stream_).ok());
  }
  ~Memory() override {
    if (gpu().is_dead()) return;
    EXPECT_TRUE(gpu().block_until_idle(stream_).ok());
    gpu().destroy(stream_);
    taken(in_);
    taken(out_);
  }

  /// What f throws says all of this, nothing was launched or written, and the GPU works.
  template <class Error = hetmap::memory_error, class F>
  void refused(F const& f, std::vector<std::string> const& says) {
    auto const before = gpu().launches();
    try {
      f();
      ADD_FAILURE() << "nothing was thrown";
    } catch (Error const& e) {
      for (std::string const& part : says)
        EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
      EXPECT_FALSE(hetmap::failed_index());
    }
    EXPECT_EQ(gpu().launches(), before);
    gpu().bytes().open();
    EXPECT_TRUE(std::ranges::all_of(std::span(out_.data, n), [](auto v) { return v == -1; }));
    gpu().bytes().close();
    hetmap::map_into(in_, copy{}, in_);
  }

  /// map_into from `in` to `out` is refused, in every way of writing it.
  void map_refused(integers out, integers in, std::vector<std::string> const& says) {
    refused([&] { hetmap::map_into(out, triple{}, in); }, says);
    refused([&] { hetmap::map_into(on_gpu, hetmap::columns(out), as_tuple{}, in); }, says);
    hetmap::pool pool(2u);
    refused([&] { pool.map_into(out, triple{}, in); }, says);
    out.stream = stream_;
    refused([&] { hetmap::map_into(out, triple{}, in); }, says);
    gpu().begin_capture(stream_);
    EXPECT_THROW(hetmap::map_into(out, triple{}, in), hetmap::memory_error);
    gpu().run_captured(stream_);
  }
  void input_refused(integers in, std::vector<std::string> says) {
    map_refused(out_, in, says);
    refused([&] { hetmap::map_into(out_, two_in{}, in, in_); }, says);
    refused([&] { static_cast<void>(hetmap::map_reduce(triple{}, sum{}, std::int64_t{0}, in)); },
            says);
    refused(
        [&] { static_cast<void>(hetmap::map_reduce(std::identity{}, sum{}, std::int64_t{0}, in)); },
        says);
    for (std::string& part : says)
      if (part == "input 0") part = "input 1";
    refused([&] { hetmap::map_into(out_, two_in{}, in_, in); }, says);
  }

  std::vector<std::int64_t> const x = counted(n);
  integers in_, out_;
  hetmap::core::device::stream stream_ = nullptr;

  support::host_form<copy, std::int64_t(std::int64_t)> const copies;
  support::host_form<as_tuple, hetmap::tuple<std::int64_t>(std::int64_t)> const tuples;
  support::host_form<two_in, std::int64_t(std::int64_t, std::int64_t)> const subtracts;
  support::host_form<first_of_row, std::int64_t(std::int64_t, std::int32_t)> const firsts;
  support::host_fold<sum, std::int64_t> const sums;
};

template <class T>
T* moved(T* p, std::ptrdiff_t bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<std::intptr_t>(p) + bytes);
}

TEST_F(Memory, OfASpanThatIsNotAligned) {
  char address[32];
  for (std::ptrdiff_t const bytes : {1, 2, 4}) {
    SCOPED_TRACE(bytes);
    integers const odd{moved(in_.data, bytes), n - 1};
    std::snprintf(address, sizeof address, "%llx",
                  static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(odd.data)));
    input_refused(odd, {"input 0", address, "a multiple of 8", "GPU 0"});
    map_refused({moved(out_.data, bytes), n}, {in_.data, n - 1},
                {"output 0", "a multiple of 8", "GPU 0"});
  }
}

TEST_F(Memory, OfASpanIsAsAlignedAsItsElementsAsk) {
  support::host_form<up<64>, wide<64>(wide<64>)> const form64;
  support::host_form<up<256>, wide<256>(wide<256>)> const form256;
  auto* const block = static_cast<char*>(gpu().bytes().allocate(16 * 256));
  auto const map = [&]<std::size_t A>(up<A> f, std::ptrdiff_t from, std::ptrdiff_t to) {
    hetmap::map_into(device_span<wide<A>>{reinterpret_cast<wide<A>*>(block + to), 2}, f,
                     device_span<wide<A>>{reinterpret_cast<wide<A>*>(block + from), 2});
  };
  map(up<64>{}, 64, 192);
  map(up<256>{}, 256, 2048);
  refused([&] { map(up<64>{}, 96, 320); }, {"input 0", "a multiple of 64"});
  refused([&] { map(up<64>{}, 64, 240); }, {"output 0", "a multiple of 64"});
  refused([&] { map(up<256>{}, 128, 2048); }, {"input 0", "a multiple of 256"});
  gpu().bytes().free(block);
}

TEST_F(Memory, OfElementsThatAskForMoreThanAnyGpuGrantsHasNoForm) {
  std::vector<wide<512>> const in(3);
  auto const plan = hetmap::explain(up<512>{}, in);
  ASSERT_NE(plan.at(backend::gpu).unavailable, nullptr);
  EXPECT_NE(std::string(plan.at(backend::gpu).unavailable).find("256 bytes"), std::string::npos);
  EXPECT_THROW(hetmap::map(on_gpu, up<512>{}, in), hetmap::device_unavailable);
}

TEST_F(Memory, OfTheHostIsNoDeviceSpan) {
  std::vector<std::int64_t> host(n, 7);
  integers const span{host.data(), n};
  for (place const where : {place::pageable, place::pinned}) {
    SCOPED_TRACE(static_cast<int>(where));
    if (where == place::pinned) gpu().bytes().declare(host.data(), n * 8, where);
    input_refused(span, {"input 0", "device_span", "not in the memory of GPU 0"});
    map_refused(span, in_, {"output 0", "device_span", "not in the memory of GPU 0"});
  }
  gpu().bytes().declare(host.data(), n * 4, place::pinned);  // in part
  input_refused(span, {"input 0", "device_span"});
  gpu().bytes().forget(host.data());
  EXPECT_EQ(host, std::vector<std::int64_t>(n, 7));
  hetmap::map_into(out_, triple{}, host);  // a range is copied
}

TEST_F(Memory, ThatIsManagedIsMappedWhereItLies) {
  std::vector<std::int64_t> host(x), to(n);
  for (auto* const p : {host.data(), to.data()}) gpu().bytes().declare(p, n * 8, place::managed);
  hetmap::map_into(integers{to.data(), n, stream_}, triple{}, integers{host.data(), n});
  ASSERT_TRUE(gpu().block_until_idle(stream_).ok());
  EXPECT_EQ(gpu().bytes_in() + gpu().bytes_out(), 0u);
  EXPECT_EQ(to[n - 1], triple{}(n - 1));
  map_refused({moved(to.data(), 4), n}, {in_.data, n - 1}, {"output 0", "a multiple of 8"});
  refused(
      [&] {
        integers const longer{host.data(), n + 1};
        static_cast<void>(hetmap::map_reduce(triple{}, sum{}, std::int64_t{0}, longer));
      },
      {"input 0", "beyond"});
  // As ranges they are memory of the host.
  hetmap::map_into(on_gpu, to, triple{}, host);
  EXPECT_EQ(gpu().bytes_in(), n * 8);
  EXPECT_EQ(to[n - 1], triple{}(n - 1));
  for (auto* const p : {host.data(), to.data()}) gpu().bytes().forget(p);
}

TEST_F(Memory, OfAnotherGpuIsTheOthersToMap) {
  std::vector<std::int64_t> other(n);
  gpu().bytes().declare(other.data(), n * 8, place::foreign);
  for (bool const as_input : {true, false})
    refused<hetmap::device_unavailable>(
        [&] {
          integers const span{other.data(), n};
          hetmap::map_into(as_input ? out_ : span, triple{}, as_input ? span : in_);
        },
        {as_input ? "input 0" : "output 0", "GPU 1", "GPU 0", ".device"});
  refused<hetmap::device_unavailable>([&] { hetmap::map_into(out_, triple{}, other); },
                                      {"input 0", "GPU 1"});
  gpu().bytes().forget(other.data());
}

TEST_F(Memory, EndsWhereItsAllocationDoes) {
  for (std::size_t const beyond : {std::size_t{1}, std::size_t{1} << 40}) {
    SCOPED_TRACE(beyond);
    auto const all = hetmap::device_span<std::int64_t>{in_.data, n + beyond};
    refused(
        [&] {
          hetmap::map_into(
              integers{out_.data, n + beyond}, triple{},
              std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n + beyond)));
        },
        {"output 0", "beyond", std::to_string(n + beyond) + " elements"});
    refused([&] { static_cast<void>(hetmap::map_reduce(triple{}, sum{}, std::int64_t{0}, all)); },
            {"input 0", "beyond", std::to_string(n + beyond) + " elements"});
    // The shortest input says how many are used.
    hetmap::map_into(in_, two_in{}, all, in_);
  }
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  for (std::size_t const size : {most, most / 8, most / 8 + 2})
    refused(
        [&] {
          static_cast<void>(
              hetmap::map_reduce(triple{}, sum{}, std::int64_t{0}, integers{in_.data, size}));
        },
        {"input 0", "beyond"});
}

TEST_F(Memory, ThatIsNullHoldsNoElements) {
  integers const null{nullptr, n};
  std::span<std::int64_t const> const null_range(static_cast<std::int64_t const*>(nullptr), n);
  input_refused(null, {"input 0", "null", "1000 elements"});
  map_refused(null, in_, {"output 0", "null", "1000 elements"});
  refused([&] { hetmap::map_into(out_, triple{}, null_range); }, {"input 0", "null"});
}

TEST_F(Memory, OfNoElementsMayBeAnywhere) {
  std::vector<std::int64_t> host(1);
  for (std::int64_t* const p : {static_cast<std::int64_t*>(nullptr), moved(in_.data, 3),
                                host.data(), in_.data + n, moved(in_.data, 1 << 30)}) {
    integers empty{p, 0};
    for (bool const in_stream : {false, true}) {
      if (in_stream) empty.stream = stream_;
      hetmap::map_into(empty, triple{}, integers{p, 0});
      hetmap::map_into(empty, triple{}, std::vector<std::int64_t>());
      hetmap::map_into(hetmap::columns(empty), as_tuple{}, integers{p, 0});
    }
    EXPECT_EQ(hetmap::map_reduce(triple{}, sum{}, std::int64_t{5}, integers{p, 0}), 5);
  }
  EXPECT_EQ(gpu().launches(), 0u);
}

TEST_F(Memory, ThatOverlapsInPartIsRefused) {
  refused<hetmap::overlap_error>(
      [&] {
        hetmap::map_into(integers{out_.data + 1, n - 1}, triple{}, integers{out_.data, n - 1});
      },
      {"output 0 overlaps input 0"});
  refused<hetmap::overlap_error>(
      [&] {
        hetmap::map_into(hetmap::columns(integers{out_.data, 10}, integers{out_.data + 9, 10}),
                         split{}, integers{in_.data, 10});
      },
      {"output 0 overlaps output 1"});
}

TEST_F(Memory, OfTheGpuThatIsGivenAsARangeIsCheckedToo) {
  std::span<std::int64_t> const out(out_.data, n), in(in_.data, n);
  hetmap::map_into(on_gpu, in, triple{}, in);
  EXPECT_EQ(gpu().bytes_in() + gpu().bytes_out(), 0u);
  refused([&] { hetmap::map_into(on_gpu, out, triple{}, std::span(moved(in_.data, 4), n - 1)); },
          {"input 0", "a multiple of 8"});
  refused([&] { hetmap::map_into(on_gpu, out, triple{}, std::span(in_.data + 1, n)); },
          {"input 0", "beyond"});
  refused(
      [&] { static_cast<void>(hetmap::map(on_gpu, triple{}, std::span(moved(in_.data, 4), 9))); },
      {"input 0", "a multiple of 8"});
  refused(
      [&] { static_cast<void>(hetmap::imap(on_gpu, triple{}, std::span(moved(in_.data, 4), 9))); },
      {"input 0", "a multiple of 8"});
  // Elements of a row do not lie one after the other.
  using row = std::tuple<std::int64_t, std::int32_t>;
  std::span<row const> const rows(reinterpret_cast<row const*>(in_.data), 10);
  refused([&] { hetmap::starmap_into(on_gpu, out, first_of_row{}, rows); }, {"input 0", "rows"});
}

TEST_F(Memory, IsAskedForOnceACall) {
  auto before = gpu().looks();
  hetmap::map_into(in_, two_in{}, in_, in_);
  EXPECT_EQ(gpu().looks(), before + 1);
  hetmap::map_into(integers{in_.data, n, stream_}, two_in{}, in_, in_);
  EXPECT_EQ(gpu().looks(), before + 2);
  hetmap::array<std::int64_t> a(x);
  a = hetmap::map(on_gpu, triple{}, a);
  before = gpu().looks();
  a = hetmap::map(on_gpu, triple{}, a);
  EXPECT_EQ(gpu().looks(), before) << "hetmap's own memory needs no question";
}

TEST_F(Memory, OfAnArrayMayBePinnedInPart) {
  hetmap::array<std::int64_t> a(std::vector<std::int64_t>(200'000, 2));
  gpu().bytes().declare(a.host().data(), 800'000, place::pinned);
  a = hetmap::map(on_gpu, triple{}, a);
  EXPECT_EQ(gpu().misuse(), "");
  EXPECT_EQ(std::as_const(a).host()[199'999], 7);
  gpu().bytes().forget(a.host().data());
}

TEST_F(Memory, OfAGpuThatSomebodyElseHasBrokenIsNotTakenForTheHosts) {
  gpu().break_now();
  EXPECT_THROW(hetmap::map_into(out_, triple{}, in_), hetmap::device_error);
  EXPECT_THROW(hetmap::map_into(out_, triple{}, in_), hetmap::device_unavailable);
  EXPECT_THROW(hetmap::map(on_gpu, triple{}, x), hetmap::device_unavailable);
  EXPECT_EQ(hetmap::map(triple{}, x)[3], triple{}(3)) << "the CPU goes on";
}

TEST_F(Memory, OfAnInputIsNotWaitedForInAStreamOfItsOwn) {
  hetmap::core::device::stream other = nullptr;
  ASSERT_TRUE(gpu().create(other).ok());
  integers in = in_, out = out_;
  in.stream = other;
  refused<hetmap::option_error>([&] { hetmap::map_into(out, triple{}, in); }, {"stream"});
  refused<hetmap::option_error>(
      [&] { static_cast<void>(hetmap::map_reduce(triple{}, sum{}, std::int64_t{0}, in)); },
      {"stream"});
  out.stream = stream_;
  refused<hetmap::option_error>([&] { hetmap::map_into(out, triple{}, in); }, {"stream"});
  in.stream = stream_;
  hetmap::map_into(out, triple{}, in);
  gpu().destroy(other);
}

TEST_F(Memory, TheDeviceThatWasAskedForIsNeverAnother) {
  for (unsigned const device : {1u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    try {
      hetmap::map({.backend = backend::gpu, .device = device}, triple{}, x);
      ADD_FAILURE() << device;
    } catch (hetmap::device_unavailable const& e) {
      EXPECT_NE(std::string(e.what()).find("no GPU " + std::to_string(device)), std::string::npos)
          << e.what();
    }
    EXPECT_THROW(
        static_cast<void>(hetmap::imap({.backend = backend::gpu, .device = device}, triple{}, x)),
        hetmap::device_unavailable);
  }
}

static_assert(!hetmap::mappable_into<device_span<std::int64_t const>, triple, integers>);
static_assert(hetmap::mappable_into<integers, triple, device_span<std::int64_t const>>);

}  // namespace
