#include "tests/unit/store/operation_sweep.h"

#include <fmt/format.h>

#include "flatkv/base/check.h"

namespace flatkv::test {

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
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(fs, operation_.options));
  RETURN_IF_ERROR(operation_.prepare(*store));
  armed_ = true;
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
  RETURN_IF_ERROR(violation_);
  return CheckOutcome(disk, operation_.options,
                      gone_on_.empty() ? operation_.outcomes(point.status.ok()) : gone_on_);
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

bool OperationSweep::IsMissed(const CrashSweep& sweep, const MemFileSystem& start,
                              const FaultRule& lie, uint64_t from, uint64_t calls) {
  for (uint64_t index = from; index <= calls; ++index) {
    const std::unique_ptr<MemFileSystem> disk = start.Clone();
    SweepPoint point;
    {
      FaultFileSystem fs(*disk);
      fs.SetCounted(sweep.counted);
      fs.AddRule(lie);
      fs.CrashAt(index);
      point.status = sweep.operation(fs);
    }
    for (const CrashMode mode : sweep.modes) {
      for (uint64_t seed = 1; seed <= (mode == CrashMode::kAnySubset ? sweep.seeds : 1); ++seed) {
        if (!sweep.check(*disk->Crash(mode, seed), point).ok()) {
          return true;
        }
      }
    }
  }
  return false;
}

std::vector<LeftOutSync> OperationSweep::LeaveOutEachSync() {
  CrashSweep sweep = Base();
  sweep.modes = {CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 2;
  MemFileSystem start;
  FLATKV_CHECK(sweep.setup(start).ok());
  std::vector<std::string> trace;
  {
    const std::unique_ptr<MemFileSystem> disk = start.Clone();
    FaultFileSystem fs(*disk);
    fs.SetCounted(sweep.counted);
    FLATKV_CHECK(sweep.operation(fs).ok());
    trace = fs.trace();
  }
  std::vector<LeftOutSync> syncs;
  for (uint64_t index = 0; index < trace.size(); ++index) {
    const bool is_sync = trace[index].starts_with("sync ");
    if (!is_sync && !trace[index].starts_with("syncdir ")) {
      continue;
    }
    FaultRule lie;
    lie.op = is_sync ? FsOp::kSync : FsOp::kSyncDir;
    lie.from_index = index;
    lie.effect = FaultRule::Effect::kLie;
    syncs.push_back({trace[index], IsMissed(sweep, start, lie, index + 1, trace.size())});
  }
  return syncs;
}

}  // namespace flatkv::test
