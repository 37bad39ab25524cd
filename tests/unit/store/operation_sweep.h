// The standard sweeps of tests/support/crash_sweep.h over one operation of an open store, or over
// opening one. What prepares the operation is not part of the sweep; whatever it left unsynced is
// at the crash's mercy all the same.
//
// Every call is visited in every mode. Of the states, each fifth is checked thoroughly, the rule
// going through the calls and the modes, so that each call is in some mode and each mode at some
// calls.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/crash_sweep.h"
#include "tests/unit/store/outcome_check.h"

namespace flatkv::test {

struct Operation {
  std::string name;
  StoreOptions options;
  // Makes the disk, once.
  std::function<Status(MemFileSystem&)> setup;
  // Opening the store is (the first) part of the operation; `prepare` is not called then.
  bool includes_open = false;
  // On the opened store, before each run.
  std::function<Status(Store&)> prepare = [](Store&) { return OkStatus(); };
  std::function<Status(Store&)> run = [](Store&) { return OkStatus(); };
  // What the store may be afterwards, when `run` returned OK and when it did not.
  std::function<std::vector<Outcome>(bool is_done)> outcomes;
  bool may_rebuild_working = false;
  // In place of CheckOutcome.
  std::function<Status(MemFileSystem&, OutcomeCheck check)> check = nullptr;
};

// One sync left out.
struct LeftOutSync {
  std::string call;        // random ids as "#"
  uint64_t nth = 0;        // among the syncs of that name
  bool is_missed = false;  // some crash state shows it
};

struct AblationResult {
  std::vector<LeftOutSync> syncs;
  uint64_t states = 0;
};

class OperationSweep {
 public:
  explicit OperationSweep(Operation operation) : operation_(std::move(operation)) {}
  OperationSweep(const OperationSweep&) = delete;
  OperationSweep& operator=(const OperationSweep&) = delete;

  // Crash at each call, in every mode, with `seeds` seeds.
  SweepResult Crash(uint64_t seeds);
  // Fail each call. A store that takes a commit after the failure must keep it.
  SweepResult Fail(int error_number);
  // Crash at each call; of the states, take every `every`th, and crash again at every `every`th
  // call of its recovery.
  SweepResult CrashRecovery(uint64_t every);
  // Leaves out each Sync and SyncDir by itself, and crashes the power at calls after it.
  AblationResult LeaveOutEachSync();

 private:
  CrashSweep Base();
  Status Run(FileSystem& fs);
  void GoOn(Store& store);
  Status Check(MemFileSystem& disk, const SweepPoint& point);
  Status CheckDisk(MemFileSystem& disk, bool is_done, bool is_thorough);
  Status SweepRecovery(const MemFileSystem& disk, const std::vector<Outcome>& outcomes,
                       uint64_t every, uint64_t* states);
  Status RunLeavingOut(const LeftOutSync& sync, uint64_t crash_index, MemFileSystem& disk);
  // Whether some state shows it: crashed at one of the calls, at the mercy of a power cut.
  bool IsMissed(const MemFileSystem& start, const LeftOutSync& sync,
                const std::vector<uint64_t>& crash_indices, uint64_t* states);

  const Operation operation_;
  // The operation is running: its calls count.
  std::atomic<bool> armed_{false};
  // After a failure that the store survived: what it became.
  std::vector<Outcome> gone_on_;
  Status violation_;
};

}  // namespace flatkv::test
