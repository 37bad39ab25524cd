// A store's admin side in memory, for tests of the commands: plans and answers are set by the test,
// what was asked is kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/confirm.h"
#include "cli/store_access.h"
#include "flatkv/store/store_admin.h"
#include "tests/support/no_state_reader.h"

namespace flatkv::cli {

inline Digest DigestOf(uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

class FakeAdmin : public StoreAdmin {
 public:
  RetentionInfo Retention() override { return retention; }
  StatusOr<SnapshotSummary> CreateSnapshot() override {
    return snapshots.empty() ? StatusOr<SnapshotSummary>(FailedPrecondition("no version"))
                             : snapshots.back();
  }
  StatusOr<std::vector<SnapshotSummary>> Snapshots() override { return snapshots; }
  StatusOr<SnapshotSummary> ShowSnapshot(Version version) override {
    for (const SnapshotSummary& summary : snapshots) {
      if (summary.manifest.version == version) {
        return summary;
      }
    }
    return WithReason(NotFound("no such snapshot"), Reason::kSnapshotMissing);
  }
  Status RemoveSnapshot(Version version) override {
    done.push_back("remove " + std::to_string(version));
    return OkStatus();
  }
  StatusOr<Pin> PinSnapshot(Version version, const std::string& reason) override {
    done.push_back("pin " + std::to_string(version) + " " + reason);
    return Pin{"00000000000000aa", version, reason, 1700000000};
  }
  Status ReleasePin(const std::string& id) override {
    done.push_back("unpin " + id);
    return id == "missing" ? NotFound("no pin missing") : OkStatus();
  }
  StatusOr<std::vector<Pin>> ListPins() override { return retention.pins; }
  StatusOr<PrunePlan> PlanPrune(std::optional<uint64_t>) override { return prune_plan; }
  StatusOr<PrunePlan> Prune(std::optional<uint64_t> keep_recent) override {
    done.push_back("prune " + (keep_recent.has_value() ? std::to_string(*keep_recent) : "-"));
    return prune_plan;
  }
  StatusOr<RollbackPlan> PlanRollback(Version target, RollbackChoice) override {
    planned = target;
    return rollback_plan;
  }
  StatusOr<RollbackResult> Rollback(Version target, RollbackChoice choice) override {
    done.push_back("rollback " + std::to_string(target) + " " +
                   std::to_string(static_cast<int>(choice)));
    if (!rollback_plan.ok()) {
      return rollback_plan.status();
    }
    return RollbackResult{*rollback_plan, 0.5};
  }
  StatusOr<ReorgResult> Reorg(std::span<const ReorgBlock> blocks) override {
    ReorgResult result;
    result.from = 9;
    for (const ReorgBlock& block : blocks) {
      done.push_back("reorg " + std::to_string(block.version) + " " +
                     std::to_string(block.changes.size()));
      result.versions.emplace_back(block.version, DigestOf(static_cast<uint8_t>(block.version)));
    }
    result.seconds = 0.25;
    return result;
  }
  StatusOr<VerifyReport> Verify(const VerifyOptions& options,
                                const OnVerifyProgress& on_progress) override {
    verified.push_back(options);
    if (!on_progress({"rows storage", 1, 2})) {
      return Cancelled("cancelled");
    }
    return report;
  }
  StatusOr<CompactReport> Compact(const OnCompactProgress&) override {
    done.push_back("compact");
    return compact_report;
  }
  StatusOr<ScrubStatus> Scrub(ScrubAction action) override {
    done.push_back("scrub " + std::to_string(static_cast<int>(action)));
    return scrub;
  }
  StatusOr<std::vector<QuarantineEntry>> ListQuarantine() override { return quarantine; }
  Status RemoveQuarantine(const std::string& name) override {
    done.push_back("quarantine rm " + name);
    return OkStatus();
  }
  StatusOr<ArchiveManifest> Export(const ExportOptions&, ExportSink&) override {
    return Unimplemented("the test gives no answer");
  }

  RetentionInfo retention;
  std::vector<SnapshotSummary> snapshots;
  PrunePlan prune_plan;
  StatusOr<RollbackPlan> rollback_plan = RollbackPlan();
  VerifyReport report;
  std::vector<QuarantineEntry> quarantine;
  CompactReport compact_report;
  ScrubStatus scrub;

  std::vector<std::string> done;  // what changed something
  std::vector<VerifyOptions> verified;
  Version planned = -1;
};

class FakeAdminAccess : public StoreAccess {
 public:
  explicit FakeAdminAccess(StoreAdmin* admin) : admin_(admin) {}
  std::string_view mode() const override { return "offline"; }
  std::string where() const override { return "./run"; }
  StatusOr<StatusReport> Report() override { return status_report; }
  StatusOr<VersionRoot> Root(std::optional<Version>) override { return Unimplemented("Root"); }
  StatusOr<GetAnswer> Get(std::string_view, std::string_view, std::optional<Version> at) override {
    return GetAnswer{at.value_or(status_report.info.version), "v"};
  }
  StatusOr<Version> Iterate(const IterateQuery& query, const OnPair& on_pair) override {
    RETURN_IF_ERROR(on_pair("k", "v"));
    return query.at.value_or(status_report.info.version);
  }
  Status CommitBlocks(BlockSource&, CommitStyle, const OnCommitted&) override {
    return Unimplemented("CommitBlocks");
  }
  StatusOr<StoreAdmin*> Admin() override { return admin_; }
  StatusOr<RetentionInfo> Retention() override {
    RETURN_IF_ERROR(retention_error);
    return admin_->Retention();
  }
  StateReader& State() override { return state_; }
  Status Close() override { return OkStatus(); }

  StatusReport status_report;
  Status retention_error;

 private:
  StoreAdmin* const admin_;
  test::NoStateReader state_;
};

class FakePerson : public Person {
 public:
  bool present() const override { return answer.has_value(); }
  std::string Ask(std::string_view question) override {
    asked = question;
    return *answer;
  }
  std::optional<std::string> answer;  // unset: nobody is there
  std::string asked;
};

}  // namespace flatkv::cli
