// What the crash tests run: a disk to start from and a script of log operations.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/wal/wal_script.h"

namespace flatkv::test {

struct Scenario {
  std::string name;
  std::function<Status(MemFileSystem&)> setup;
  // What the disk holds acknowledged at the start, and what it may hold instead.
  Version acknowledged = 0;
  Version attempted = 0;
  std::function<Status(WalScript&)> steps;
  // The syncs that nothing would miss, in order; all others must matter. Open syncs what a killed
  // process may have left unsynced, also when nothing was.
  std::vector<std::string> useless_syncs;
  bool examine_syncs = true;
};

// A setup: closed and acknowledged versions 1 .. `last`.
std::function<Status(MemFileSystem&)> CleanLog(Version last);

std::vector<Scenario> AllScenarios();

}  // namespace flatkv::test
