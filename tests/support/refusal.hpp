// What a call says when it refuses.
#pragma once

#include <gtest/gtest.h>
#include <hetmap/error.hpp>

#include <string>

namespace support {

/// The text of the Error that call() throws.
template <class Error = hetmap::device_unavailable, class Call>
std::string refusal(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (Error const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

inline testing::AssertionResult says(std::string const& text, char const* words) {
  return testing::AssertionResult(text.find(words) != std::string::npos) << text;
}

}  // namespace support

#define EXPECT_SAYS(text, words) EXPECT_TRUE(::support::says(text, words))
