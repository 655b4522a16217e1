// Where the columns of a call lie, as a device tells that knows nothing else.
#include "gpu/columns.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

namespace {

using namespace hetmap::core;
using hetmap::detail::gpu_operand;
using hetmap::detail::gpu_work;
using hetmap::detail::job;

/// Says that the addresses in [begin, end) are pinned, and refuses everything else.
class pinned_between final : public device {
 public:
  pinned_between(void const* begin, void const* end) : begin_(begin), end_(end) {}

  char const* name() const noexcept override { return "pinned_between"; }
  unsigned index() const noexcept override { return 0; }
  status locate(memory_range* ranges, std::size_t count) noexcept override {
    for (std::size_t k = 0; k != count; ++k) {
      ranges[k].where = where(ranges[k].begin);
      auto const* const last = static_cast<char const*>(ranges[k].begin) + (ranges[k].bytes - 1);
      ranges[k].whole = where(last) == ranges[k].where;
    }
    return {};
  }

  status allocate(void*&, std::size_t) noexcept override { return no(); }
  void free(void*) noexcept override {}
  status pin(void*&, std::size_t) noexcept override { return no(); }
  void unpin(void*) noexcept override {}
  status memory(memory_sizes&) noexcept override { return no(); }
  status create(stream&) noexcept override { return no(); }
  void destroy(stream) noexcept override {}
  status create_event(event&) noexcept override { return no(); }
  void destroy_event(event) noexcept override {}
  status record(event, stream) noexcept override { return no(); }
  status wait(stream, event) noexcept override { return no(); }
  status query(event, bool&) noexcept override { return no(); }
  status block_until(event) noexcept override { return no(); }
  status block_until_idle(stream) noexcept override { return no(); }
  status capturing(stream, bool&) noexcept override { return no(); }
  status copy_in(stream, void*, void const*, std::size_t) noexcept override { return no(); }
  status copy_out(stream, void*, void const*, std::size_t) noexcept override { return no(); }
  status copy_within(stream, void*, void const*, std::size_t) noexcept override { return no(); }
  status launch(stream, hetmap::detail::gpu_form const&,
                hetmap::detail::gpu_launch) noexcept override {
    return no();
  }

 private:
  place where(void const* address) const {
    std::less<> const before;
    return !before(address, begin_) && before(address, end_) ? place::pinned : place::pageable;
  }
  static status no() noexcept { return {fault::refused, 1, "not here"}; }
  void const* begin_;
  void const* end_;
};

/// How the output and the input of a map over `count` floats travel.
std::array<travel, 2> travels(device& gpu, float* out, float* in, std::size_t count) {
  gpu_operand const operands[] = {{.memory = {out, sizeof(float), sizeof(float)}},
                                  {.memory = {in, sizeof(float), sizeof(float)}}};
  gpu_work const work{.operands = operands, .outputs = 1, .inputs = 1};
  constexpr std::size_t alignments[] = {alignof(float), alignof(float)};
  hetmap::detail::gpu_form const form{.outputs = 1, .inputs = 1, .element_alignments = alignments};
  std::vector<located_column> columns;
  EXPECT_TRUE(locate_columns({.count = count, .gpu = &work}, form, gpu, "map", columns).ok());
  return {columns.at(0).how, columns.at(1).how};
}

TEST(Columns, ThatArePinnedToTheirEndsAreCopiedDirectly) {
  std::vector<float> all(300);
  pinned_between gpu(all.data(), all.data() + 200);
  for (std::size_t const n : {1u, 99u, 100u})
    EXPECT_EQ(travels(gpu, all.data() + 100, all.data(), n),
              (std::array{travel::direct, travel::direct}))
        << n;
}

TEST(Columns, ThatArePinnedInPartAreStaged) {
  std::vector<float> all(300);
  pinned_between gpu(all.data(), all.data() + 200);
  EXPECT_EQ(travels(gpu, all.data() + 100, all.data(), 101),
            (std::array{travel::staged, travel::direct}));
  EXPECT_EQ(travels(gpu, all.data() + 50, all.data() + 100, 101),
            (std::array{travel::direct, travel::staged}));
}

}  // namespace
