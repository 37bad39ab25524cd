// The standard loops over the file calls of one operation: crash at each, fail each, leave out each
// sync.
//
// A sweep sets a disk up once, runs the operation once to count its mutating calls, and then once
// for each call, stopping or failing it there. What is left of the disk is crashed in every mode
// and with every seed, and the check is run on each result. Operations with threads of their own
// may count differently each time: an index that is never reached is an operation that completed,
// and is checked as such.
//
//   CrashSweep sweep;
//   sweep.setup = [](MemFileSystem& disk) { return WriteFileDurably(disk, "/f", "old"); };
//   sweep.operation = [](FileSystem& fs) { return WriteFileDurably(fs, "/f", "new"); };
//   sweep.check = [](MemFileSystem& disk, const SweepPoint& point) -> Status { ... };
//   const SweepResult result = RunCrashSweep(sweep);
//   EXPECT_EQ(result.failures, 0) << result.first_failure;
//
// To replay one failure, set `only` to the point that it prints.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"

namespace flatkv::test {

// One state that a sweep visits.
struct SweepPoint {
  enum class Fault {
    kCrash,            // the process stops before call `index`
    kCrashHalfAppend,  // the same, inside an Append that has written its first half
    kFailOnce,         // call `index` fails, later calls work
    kFailForever,      // call `index` and all later ones fail
    kShortAppend,      // call `index` is an Append that writes half and fails
  };
  Fault fault = Fault::kCrash;
  uint64_t index = 0;
  CrashMode mode = CrashMode::kKeepAll;
  uint64_t seed = 0;

  // What happened; not part of the point's identity.
  // What the operation returned. OK means that it acknowledged: the check must then insist on the
  // new state.
  Status status;
  // The call at `index`, if it was reached.
  std::string call;
};
// "{.fault = ..., .index = 3, .mode = ..., .seed = 7}" and what happened there.
std::string ToString(const SweepPoint& point);

struct CrashSweep {
  // Prepares a fresh disk. What it leaves unsynced stays so.
  std::function<Status(MemFileSystem&)> setup = [](MemFileSystem&) { return OkStatus(); };
  // Must not touch the disk otherwise, and closes all that it opened before it returns.
  std::function<Status(FileSystem&)> operation;
  // Looks at what is left; may change it (recover, crash again). Not OK is a violation.
  std::function<Status(MemFileSystem&, const SweepPoint&)> check;

  // Which calls are points; the mutating ones if empty.
  std::function<bool(const FsCall&)> counted;
  // In force on top of the point's own fault, for each run.
  std::vector<FaultRule> rules;
  std::vector<CrashMode> modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced,
                                  CrashMode::kOrderedPrefix, CrashMode::kAnySubset};
  // Random modes are visited with seeds first_seed ... first_seed + seeds - 1.
  uint64_t seeds = 4;
  uint64_t first_seed = 1;
  // RunFailSweep: the errno of failed calls.
  int error_number = EIO;
  // Visits only this point.
  std::optional<SweepPoint> only;
};

struct SweepResult {
  // How many crash states were checked, and at how many the check (or, of its own accord, the
  // operation) failed.
  uint64_t states = 0;
  uint64_t failures = 0;
  // Empty, or the point and the violation.
  std::string first_failure;
  // The mutating calls of the undisturbed operation.
  std::vector<std::string> trace;
};

// Crash before each call and after the last one. The undisturbed operation must return OK.
SweepResult RunCrashSweep(const CrashSweep& sweep);
// Fail each call once, forever, and half-way through appends; then crash.
SweepResult RunFailSweep(const CrashSweep& sweep);

struct SyncAblation {
  // "sync a/b"
  std::string call;
  SweepResult result;
};
// For each Sync and SyncDir of the operation: the crash sweep with that one doing nothing. A result
// without failures means that the sync is useless or the check is blind.
std::vector<SyncAblation> RunSyncAblation(const CrashSweep& sweep);

}  // namespace flatkv::test
