// Time as the benchmarks measure it.
#pragma once

#include <chrono>

namespace flatkv::bench {

using Clock = std::chrono::steady_clock;

inline double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}
inline double Milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace flatkv::bench
