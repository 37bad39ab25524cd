// What the crash scenarios of this folder share.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv::test {

inline constexpr Version kOld = 5;
inline constexpr Version kNew = 10;

// How far one run of an operation came: steps begun and steps that returned OK.
struct Progress {
  int begun = 0;
  int done = 0;

  Status Run(Status (*step)(FileSystem&), FileSystem& fs) {
    ++begun;
    RETURN_IF_ERROR(step(fs));
    ++done;
    return OkStatus();
  }
};

inline Status Violated(FileSystem& fs, std::string_view what) {
  return DataLoss(fmt::format("{} in\n{}", what, TreeText(fs, kStore)));
}

}  // namespace flatkv::test
