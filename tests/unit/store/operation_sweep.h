// The standard sweeps of tests/support/crash_sweep.h over one operation of an open store. Opening
// the store and what prepares the operation are not part of the sweep; whatever they left unsynced
// is at the crash's mercy all the same.
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
  // On the opened store, before each run.
  std::function<Status(Store&)> prepare = [](Store&) { return OkStatus(); };
  std::function<Status(Store&)> run;
  // What the store may be afterwards, when `run` returned OK and when it did not.
  std::function<std::vector<Outcome>(bool is_done)> outcomes;
};

// One sync left out.
struct LeftOutSync {
  std::string call;
  bool is_missed = false;  // some crash state shows it
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
  std::vector<LeftOutSync> LeaveOutEachSync();

 private:
  CrashSweep Base();
  Status Run(FileSystem& fs);
  void GoOn(Store& store);
  Status Check(MemFileSystem& disk, const SweepPoint& point);
  Status SweepRecovery(const MemFileSystem& disk, const std::vector<Outcome>& outcomes,
                       uint64_t every, uint64_t* states);
  bool IsMissed(const CrashSweep& sweep, const MemFileSystem& start, const FaultRule& lie,
                uint64_t from, uint64_t calls);

  const Operation operation_;
  // The operation is running: its calls count.
  std::atomic<bool> armed_{false};
  // After a failure that the store survived: what it became.
  std::vector<Outcome> gone_on_;
  Status violation_;
};

}  // namespace flatkv::test
