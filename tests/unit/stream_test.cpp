#include "cpu/stream.hpp"

#include "environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace {

using hetmap::isa;
using hetmap::core::stream_for;

// Two pages with forbidden ones around them: a byte too far ends the test.
class guarded_pages {
 public:
  guarded_pages() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    all_ = static_cast<unsigned char*>(
        mmap(nullptr, 4 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(begin(), size(), PROT_READ | PROT_WRITE);
  }
  ~guarded_pages() { munmap(all_, 4 * page_); }
  guarded_pages(guarded_pages const&) = delete;
  guarded_pages& operator=(guarded_pages const&) = delete;

  [[nodiscard]] unsigned char* begin() const { return all_ + page_; }
  [[nodiscard]] unsigned char* end() const { return begin() + size(); }
  [[nodiscard]] std::size_t size() const { return 2 * page_; }

 private:
  std::size_t page_;
  unsigned char* all_;
};

TEST(Stream, CopiesEveryByteAndNoneBesideAtAnyAlignment) {
  for (isa const level : {isa::baseline, isa::avx2, isa::avx512}) {
    if (level > hetmap::core::highest_level()) continue;
    auto const copy = stream_for(level);
    if (copy == nullptr) GTEST_SKIP() << "sanitized builds store as usual";
    guarded_pages const pages;
    alignas(64) static unsigned char from[4096];
    for (std::size_t i = 0; i != sizeof from; ++i) from[i] = static_cast<unsigned char>(i * 7 + 1);
    for (std::size_t const bytes : {0u, 1u, 63u, 64u, 65u, 127u, 128u, 4032u, 4096u}) {
      for (std::size_t const offset : {0u, 1u, 4u, 32u, 60u, 63u, 64u}) {
        SCOPED_TRACE(testing::Message()
                     << bytes << " bytes at offset " << offset << ", " << hetmap::name(level));
        std::fill(pages.begin(), pages.end(), 0);
        copy(pages.begin() + offset, from, bytes);
        hetmap::core::finish_stream();
        for (std::size_t i = 0; i != pages.size(); ++i) {
          bool const inside = i >= offset && i < offset + bytes;
          ASSERT_EQ(pages.begin()[i], inside ? from[i - offset] : 0) << "byte " << i;
        }
      }
      copy(pages.end() - bytes, from, bytes);
      hetmap::core::finish_stream();
      ASSERT_TRUE(std::equal(from, from + bytes, pages.end() - bytes));
    }
  }
}

}  // namespace
