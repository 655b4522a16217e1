// Whose the simulated GPUs are, and the forms that they run.
#pragma once

namespace support {

inline constexpr char host_vendor[] = "pretended";

}  // namespace support
