#include "tests/unit/store/operation_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "flatkv/base/check.h"

namespace flatkv::test {
namespace {

constexpr uint64_t kThoroughEvery = 5;

// With random ids, runs of 16 hexadecimal digits and more that are no version, as "#".
std::string WithoutIds(const std::string& text) {
  std::string without;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_not_of("0123456789abcdef", at), text.size());
    if (end - at >= 16 && text.find_first_of("abcdef", at) < end) {
      without += '#';
      at = end;
    } else {
      without.append(text, at, std::max<size_t>(end - at, 1));
      at += std::max<size_t>(end - at, 1);
    }
  }
  return without;
}

// Where to crash after the call at `index`: at the next calls, at the last ones, at some between,
// and not at all. The end first: there most is promised. Threads of the store move calls by a few.
std::vector<uint64_t> PointsAfter(uint64_t index, uint64_t calls) {
  constexpr uint64_t kDense = 5;
  const uint64_t stride = std::max<uint64_t>(6, calls / 20);
  std::vector<uint64_t> points = {UINT64_MAX};
  for (uint64_t at = index; at < calls + kDense; ++at) {
    if (at < index + kDense || at + kDense > calls || (at - index) % stride == 0) {
      points.push_back(at);
    }
  }
  return points;
}

}  // namespace

CrashSweep OperationSweep::Base() {
  CrashSweep sweep;
  sweep.setup = operation_.setup;
  sweep.operation = [this](FileSystem& fs) { return Run(fs); };
  sweep.check = [this](MemFileSystem& disk, const SweepPoint& point) { return Check(disk, point); };
  sweep.counted = [this](const FsCall& call) { return armed_ && IsMutating(call.op); };
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kOrderedPrefix,
                 CrashMode::kAnySubset, CrashMode::kTornSectors};
  return sweep;
}

Status OperationSweep::Run(FileSystem& fs) {
  gone_on_.clear();
  violation_ = OkStatus();
  if (operation_.includes_open) {
    armed_ = true;
  }
  StatusOr<std::unique_ptr<Store>> opened = OpenStore(fs, operation_.options);
  if (!opened.ok()) {
    armed_ = false;
    return opened.status();
  }
  const std::unique_ptr<Store> store = *std::move(opened);
  if (!operation_.includes_open) {
    RETURN_IF_ERROR(operation_.prepare(*store));
    armed_ = true;
  }
  const Status status = operation_.run(*store);
  armed_ = false;
  if (!status.ok()) {
    GoOn(*store);
  }
  return status;  // the store is destroyed without Close: killed
}

// A failed operation leaves a store that refuses commits, or one whose commits count.
void OperationSweep::GoOn(Store& store) {
  if (!store.Health().ok()) {
    return;
  }
  const StoreInfo info = store.Info();
  for (const Outcome& outcome : operation_.outcomes(false)) {
    if (info.version < outcome.oldest_head || info.version > outcome.timeline->head() ||
        info.root != outcome.timeline->root(info.version)) {
      continue;
    }
    Timeline longer = outcome.timeline->UpTo(info.version);
    longer.AppendFresh("went on");
    const bool is_committed = CommitOwned(store, longer.block(longer.head())).ok();
    Outcome went_on = ExactOutcome(outcome.name + ", went on", std::move(longer));
    if (!is_committed) {
      gone_on_ = operation_.outcomes(false);
      went_on.oldest_head = info.version;
    }
    gone_on_.push_back(std::move(went_on));
    return;
  }
  violation_ = DataLoss(
      fmt::format("after the failure the head is {} with root {}", info.version, Hex(info.root)));
}

Status OperationSweep::Check(MemFileSystem& disk, const SweepPoint& point) {
  return CheckDisk(
      disk, point.status.ok(),
      (point.index + static_cast<uint64_t>(point.mode) + point.seed) % kThoroughEvery == 0);
}

Status OperationSweep::CheckDisk(MemFileSystem& disk, bool is_done, bool is_thorough) {
  RETURN_IF_ERROR(violation_);
  const OutcomeCheck check{operation_.may_rebuild_working, is_thorough};
  if (operation_.check != nullptr) {
    return operation_.check(disk, check);
  }
  return CheckOutcome(disk, operation_.options,
                      gone_on_.empty() ? operation_.outcomes(is_done) : gone_on_, check);
}

SweepResult OperationSweep::Crash(uint64_t seeds) {
  CrashSweep sweep = Base();
  sweep.seeds = seeds;
  return RunCrashSweep(sweep);
}

SweepResult OperationSweep::Fail(int error_number) {
  CrashSweep sweep = Base();
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kAnySubset};
  sweep.seeds = 1;
  sweep.error_number = error_number;
  return RunFailSweep(sweep);
}

SweepResult OperationSweep::CrashRecovery(uint64_t every) {
  CrashSweep sweep = Base();
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 1;
  uint64_t outer = 0;
  uint64_t states = 0;
  sweep.check = [&](MemFileSystem& disk, const SweepPoint& point) {
    return outer++ % every == 0
               ? SweepRecovery(disk, operation_.outcomes(point.status.ok()), every, &states)
               : OkStatus();
  };
  SweepResult result = RunCrashSweep(sweep);
  result.states = states;
  return result;
}

Status OperationSweep::SweepRecovery(const MemFileSystem& disk,
                                     const std::vector<Outcome>& outcomes, uint64_t every,
                                     uint64_t* states) {
  bool is_open = false;
  for (uint64_t index = *states % every; !is_open; index += every) {
    const std::unique_ptr<MemFileSystem> again = disk.Clone();
    {
      FaultFileSystem fs(*again);
      fs.CrashAt(index);
      is_open = OpenStore(fs, operation_.options).ok();
    }
    for (const CrashMode mode : {CrashMode::kDropUnsynced, CrashMode::kAnySubset}) {
      ++*states;
      const std::unique_ptr<MemFileSystem> crashed = again->Crash(mode, *states);
      RETURN_IF_ERROR(Annotate(CheckOutcome(*crashed, operation_.options, outcomes),
                               fmt::format("crashed again at call {} of the recovery ({}, seed {})",
                                           index, CrashModeName(mode), *states)));
    }
  }
  return OkStatus();
}

Status OperationSweep::RunLeavingOut(const LeftOutSync& sync, uint64_t crash_index,
                                     MemFileSystem& disk) {
  FaultFileSystem fs(disk);
  fs.SetCounted([this](const FsCall& call) { return armed_ && IsMutating(call.op); });
  std::atomic<uint64_t> turns{0};
  fs.SetHook([&](const FsCall& call) {
    if (armed_ && WithoutIds(ToString(call)) == sync.call && turns++ == sync.nth) {
      FaultRule lie;
      lie.op = call.op;
      lie.path_contains = call.path;
      lie.effect = FaultRule::Effect::kLie;
      fs.AddRule(lie);
    }
    return OkStatus();
  });
  fs.CrashAt(crash_index);
  return Run(fs);
}

bool OperationSweep::IsMissed(const MemFileSystem& start, const LeftOutSync& sync,
                              const std::vector<uint64_t>& crash_indices, uint64_t* states) {
  for (const uint64_t index : crash_indices) {
    const std::unique_ptr<MemFileSystem> disk = start.Clone();
    const bool is_done = RunLeavingOut(sync, index, *disk).ok();
    for (uint64_t seed = 0; seed <= 2; ++seed) {
      const bool is_thorough = ++*states % kThoroughEvery == 0 || is_done;
      const CrashMode mode = seed == 0 ? CrashMode::kDropUnsynced : CrashMode::kAnySubset;
      if (!CheckDisk(*disk->Crash(mode, seed), is_done, is_thorough).ok()) {
        return true;
      }
    }
  }
  return false;
}

AblationResult OperationSweep::LeaveOutEachSync() {
  MemFileSystem start;
  FLATKV_CHECK(operation_.setup(start).ok());
  std::vector<std::string> trace;
  {
    const std::unique_ptr<MemFileSystem> disk = start.Clone();
    FaultFileSystem fs(*disk);
    fs.SetCounted([this](const FsCall& call) { return armed_ && IsMutating(call.op); });
    FLATKV_CHECK(Run(fs).ok());
    trace = fs.trace();
  }
  AblationResult result;
  std::map<std::string, uint64_t> turns;
  for (uint64_t index = 0; index < trace.size(); ++index) {
    if (!trace[index].starts_with("sync ") && !trace[index].starts_with("syncdir ")) {
      continue;
    }
    LeftOutSync sync{.call = WithoutIds(trace[index]), .nth = 0, .is_missed = false};
    sync.nth = turns[sync.call]++;
    sync.is_missed = IsMissed(start, sync, PointsAfter(index, trace.size()), &result.states);
    result.syncs.push_back(std::move(sync));
  }
  return result;
}

}  // namespace flatkv::test
