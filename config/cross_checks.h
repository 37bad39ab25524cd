// Rules that tie two keys together.
#pragma once

#include <string>
#include <vector>

#include "config/config_keys.h"

namespace flatkv {

struct CrossProblem {
  const KeySpec* key = nullptr;    // the one that is reported
  const KeySpec* other = nullptr;  // the one that it disagrees with
  std::string text;                // "what is wrong (allowed: ...)"
};

std::vector<CrossProblem> CrossCheck(const Config& config);

}  // namespace flatkv
