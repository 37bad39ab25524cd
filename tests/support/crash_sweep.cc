#include "tests/support/crash_sweep.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "flatkv/base/check.h"

namespace flatkv::test {
namespace {

using Fault = SweepPoint::Fault;

constexpr std::array<std::string_view, 5> kFaultNames = {"kCrash", "kCrashHalfAppend", "kFailOnce",
                                                         "kFailForever", "kShortAppend"};

bool UsesSeed(CrashMode mode) {
  return mode != CrashMode::kKeepAll && mode != CrashMode::kDropUnsynced;
}

class Runner {
 public:
  explicit Runner(const CrashSweep& sweep) : sweep_(sweep) {
    FLATKV_CHECK(sweep.operation != nullptr && sweep.check != nullptr);
  }

  // Sets up and counts. False if the operation fails undisturbed.
  bool Prepare() {
    const Status status = sweep_.setup(setup_);
    if (!status.ok()) {
      Fail(fmt::format("setup: {}", flatkv::ToString(status)));
      return false;
    }
    const std::unique_ptr<MemFileSystem> disk = setup_.Clone();
    FaultFileSystem fs(*disk);
    Arm(fs);
    const Status done = sweep_.operation(fs);
    calls_ = fs.calls();
    result_.trace = fs.trace();
    if (!done.ok()) {
      Fail(fmt::format("undisturbed operation: {}", flatkv::ToString(done)));
    }
    return done.ok();
  }

  void Visit(Fault fault, uint64_t index) {
    if (sweep_.only.has_value() && (sweep_.only->fault != fault || sweep_.only->index != index)) {
      return;
    }
    const std::unique_ptr<MemFileSystem> disk = setup_.Clone();
    SweepPoint point{
        .fault = fault, .index = index, .mode = {}, .seed = 0, .status = {}, .call = ""};
    {
      FaultFileSystem fs(*disk);
      Arm(fs);
      AddFault(fs, point);
      point.status = sweep_.operation(fs);
      const std::vector<std::string> trace = fs.trace();
      if (fs.crashed_call().has_value()) {
        point.call = ToString(*fs.crashed_call());
      } else if (index < trace.size()) {
        point.call = trace[index];
      }
    }
    // Half an append differs from none and from a whole one only as far as a process kill keeps it.
    if (fault == Fault::kCrashHalfAppend) {
      Check(*disk, point, CrashMode::kKeepAll, 0);
      return;
    }
    for (const CrashMode mode : sweep_.modes) {
      const uint64_t seeds = UsesSeed(mode) ? sweep_.seeds : 1;
      for (uint64_t i = 0; i < seeds; ++i) {
        Check(*disk, point, mode, UsesSeed(mode) ? sweep_.first_seed + i : 0);
      }
    }
  }

  uint64_t calls() const { return calls_; }
  bool IsAppend(uint64_t index) const { return result_.trace[index].starts_with("append "); }
  SweepResult TakeResult() { return std::move(result_); }

 private:
  void Arm(FaultFileSystem& fs) const {
    if (sweep_.counted) {
      fs.SetCounted(sweep_.counted);
    }
    for (const FaultRule& rule : sweep_.rules) {
      fs.AddRule(rule);
    }
  }

  void AddFault(FaultFileSystem& fs, const SweepPoint& point) const {
    switch (point.fault) {
      case Fault::kCrash:
      case Fault::kCrashHalfAppend:
        fs.CrashAt(point.index, point.fault == Fault::kCrashHalfAppend);
        return;
      case Fault::kFailOnce:
      case Fault::kFailForever:
      case Fault::kShortAppend: {
        FaultRule rule;
        rule.from_index = point.index;
        rule.error_number = sweep_.error_number;
        rule.times = point.fault == Fault::kFailForever ? FaultRule::kForever : 1;
        if (point.fault == Fault::kShortAppend) {
          rule.effect = FaultRule::Effect::kShortAppend;
        }
        fs.AddRule(rule);
        return;
      }
    }
  }

  void Check(const MemFileSystem& disk, SweepPoint point, CrashMode mode, uint64_t seed) {
    if (sweep_.only.has_value() && (sweep_.only->mode != mode || sweep_.only->seed != seed)) {
      return;
    }
    point.mode = mode;
    point.seed = seed;
    const std::unique_ptr<MemFileSystem> crashed = disk.Crash(mode, seed);
    const Status status = sweep_.check(*crashed, point);
    ++result_.states;
    if (!status.ok()) {
      Fail(fmt::format("{}: {}", ToString(point), flatkv::ToString(status)));
    }
  }

  void Fail(std::string text) {
    if (result_.failures++ == 0) {
      result_.first_failure = std::move(text);
    }
  }

  const CrashSweep& sweep_;
  MemFileSystem setup_;
  uint64_t calls_ = 0;
  SweepResult result_;
};

}  // namespace

std::string ToString(const SweepPoint& point) {
  return fmt::format(
      "{{.fault = Fault::{}, .index = {}, .mode = CrashMode::{}, .seed = {}}} ({}; returned {})",
      kFaultNames[static_cast<size_t>(point.fault)], point.index, CrashModeName(point.mode),
      point.seed, point.call.empty() ? "index not reached" : point.call,
      flatkv::ToString(point.status));
}

SweepResult RunCrashSweep(const CrashSweep& sweep) {
  Runner runner(sweep);
  if (runner.Prepare()) {
    for (uint64_t index = 0; index <= runner.calls(); ++index) {
      runner.Visit(Fault::kCrash, index);
      if (index < runner.calls() && runner.IsAppend(index)) {
        runner.Visit(Fault::kCrashHalfAppend, index);
      }
    }
  }
  return runner.TakeResult();
}

SweepResult RunFailSweep(const CrashSweep& sweep) {
  Runner runner(sweep);
  if (runner.Prepare()) {
    for (uint64_t index = 0; index < runner.calls(); ++index) {
      runner.Visit(Fault::kFailOnce, index);
      runner.Visit(Fault::kFailForever, index);
      if (runner.IsAppend(index)) {
        runner.Visit(Fault::kShortAppend, index);
      }
    }
  }
  return runner.TakeResult();
}

std::vector<SyncAblation> RunSyncAblation(const CrashSweep& sweep) {
  Runner runner(sweep);
  FLATKV_CHECK(runner.Prepare());
  std::vector<SyncAblation> ablations;
  uint64_t syncs = 0;
  uint64_t dir_syncs = 0;
  for (const std::string& call : runner.TakeResult().trace) {
    const bool is_sync = call.starts_with("sync ");
    if (!is_sync && !call.starts_with("syncdir ")) {
      continue;
    }
    CrashSweep lying = sweep;
    FaultRule rule;
    rule.op = is_sync ? FsOp::kSync : FsOp::kSyncDir;
    rule.skip = is_sync ? syncs++ : dir_syncs++;
    rule.effect = FaultRule::Effect::kLie;
    lying.rules.push_back(rule);
    ablations.push_back({call, RunCrashSweep(lying)});
  }
  return ablations;
}

}  // namespace flatkv::test
