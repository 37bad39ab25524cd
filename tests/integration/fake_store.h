// A Store without data whose answers the test gives, for what a real one does rarely or slowly.
// Whatever a test has not given fails with kUnimplemented.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/store/store.h"
#include "tests/support/no_state_reader.h"

namespace flatkv::test {

// Holds whoever passes while it is closed.
class TestGate {
 public:
  void Close() {
    MutexLock lock(mu_);
    open_ = false;
  }
  void Open() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Pass() {
    MutexLock lock(mu_);
    ++reached_;
    changed_.NotifyAll();
    while (!open_) {
      changed_.Wait(mu_);
    }
  }
  // Waits until `count` in all have come.
  void WaitUntilReached(size_t count) {
    MutexLock lock(mu_);
    while (reached_ < count) {
      changed_.Wait(mu_);
    }
  }
  size_t reached() {
    MutexLock lock(mu_);
    return reached_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ GUARDED_BY(mu_) = true;
  size_t reached_ GUARDED_BY(mu_) = 0;
};

// Set the members before the first call.
class FakeStoreAdmin final : public StoreAdmin {
 public:
  RetentionInfo retention;
  std::vector<SnapshotSummary> snapshots;
  std::vector<QuarantineEntry> quarantine;
  std::function<StatusOr<CompactReport>(const OnCompactProgress&)> compact;
  ScrubStatus scrub;
  std::vector<ScrubAction> actions;
  std::function<StatusOr<SnapshotSummary>()> on_create;
  std::function<Status(Version)> on_remove;
  std::function<StatusOr<Pin>(Version, const std::string&)> on_pin;
  std::function<Status(const std::string&)> on_release;
  std::function<StatusOr<PrunePlan>(std::optional<uint64_t>, bool dry_run)> on_prune;
  std::function<StatusOr<RollbackResult>(Version, RollbackChoice, bool dry_run)> on_rollback;
  std::function<StatusOr<ReorgResult>(std::span<const ReorgBlock>)> on_reorg;
  std::function<StatusOr<VerifyReport>(const VerifyOptions&, const OnVerifyProgress&)> on_verify;
  std::function<Status(const std::string&)> on_remove_quarantine;
  std::function<StatusOr<ArchiveManifest>(const ExportOptions&, ExportSink&)> on_export;

  RetentionInfo Retention() override { return retention; }
  StatusOr<SnapshotSummary> CreateSnapshot() override { return Ask(on_create); }
  StatusOr<std::vector<SnapshotSummary>> Snapshots() override { return snapshots; }
  StatusOr<SnapshotSummary> ShowSnapshot(Version version) override {
    for (const SnapshotSummary& summary : snapshots) {
      if (summary.manifest.version == version) {
        return summary;
      }
    }
    return WithReason(NotFound("no such snapshot"), Reason::kSnapshotMissing);
  }
  Status RemoveSnapshot(Version version) override { return Ask(on_remove, version); }
  StatusOr<Pin> PinSnapshot(Version version, const std::string& reason) override {
    return Ask(on_pin, version, reason);
  }
  Status ReleasePin(const std::string& id) override { return Ask(on_release, id); }
  StatusOr<std::vector<Pin>> ListPins() override { return retention.pins; }
  StatusOr<PrunePlan> PlanPrune(std::optional<uint64_t> keep_recent) override {
    return Ask(on_prune, keep_recent, true);
  }
  StatusOr<PrunePlan> Prune(std::optional<uint64_t> keep_recent) override {
    return Ask(on_prune, keep_recent, false);
  }
  StatusOr<RollbackPlan> PlanRollback(Version target, RollbackChoice choice) override {
    ASSIGN_OR_RETURN(RollbackResult result, Ask(on_rollback, target, choice, true));
    return std::move(result.plan);
  }
  StatusOr<RollbackResult> Rollback(Version target, RollbackChoice choice) override {
    return Ask(on_rollback, target, choice, false);
  }
  StatusOr<ReorgResult> Reorg(std::span<const ReorgBlock> blocks) override {
    return Ask(on_reorg, blocks);
  }
  StatusOr<VerifyReport> Verify(const VerifyOptions& options,
                                const OnVerifyProgress& on_progress) override {
    return Ask(on_verify, options, on_progress);
  }
  StatusOr<CompactReport> Compact(const OnCompactProgress& on_progress) override {
    return compact ? compact(on_progress) : StatusOr<CompactReport>(CompactReport());
  }
  StatusOr<ScrubStatus> Scrub(ScrubAction action) override {
    actions.push_back(action);
    return scrub;
  }
  StatusOr<std::vector<QuarantineEntry>> ListQuarantine() override { return quarantine; }
  Status RemoveQuarantine(const std::string& name) override {
    return Ask(on_remove_quarantine, name);
  }
  StatusOr<ArchiveManifest> Export(const ExportOptions& options, ExportSink& sink) override {
    return Ask(on_export, options, sink);
  }

 private:
  template <typename Result, typename... Parameters, typename... Arguments>
  static Result Ask(const std::function<Result(Parameters...)>& answer, Arguments&&... arguments) {
    if (!answer) {
      return Unimplemented("the test gives no answer");
    }
    return answer(std::forward<Arguments>(arguments)...);
  }
};

// Module "m" at one version: key to value.
class FakeView final : public StoreView {
 public:
  FakeView(Version version, std::map<std::string, std::string> pairs)
      : version_(version), pairs_(std::move(pairs)) {}

  Version version() const override { return version_; }
  Digest root() const override { return {}; }
  StatusOr<ReadResult> Get(std::span<const KeyRef> keys) override {
    ReadResult result;
    result.version = version_;
    for (const KeyRef& key : keys) {
      const auto found = pairs_.find(std::string(key.key));
      if (found == pairs_.end()) {
        result.values.emplace_back(std::nullopt);
      } else {
        result.values.emplace_back(found->second);
      }
    }
    return result;
  }
  StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) override {
    return std::make_unique<Iterator>(version_, pairs_, std::string(range.start));
  }

 private:
  class Iterator final : public StoreIterator {
   public:
    Iterator(Version version, const std::map<std::string, std::string>& pairs,
             const std::string& start)
        : version_(version), end_(pairs.end()), at_(pairs.lower_bound(start)) {}
    Version version() const override { return version_; }
    bool Valid() const override { return at_ != end_; }
    void Next() override { ++at_; }
    std::string_view key() const override { return at_->first; }
    std::string_view value() const override { return at_->second; }
    Status status() const override { return OkStatus(); }

   private:
    const Version version_;
    const std::map<std::string, std::string>::const_iterator end_;
    std::map<std::string, std::string>::const_iterator at_;
  };

  const Version version_;
  const std::map<std::string, std::string> pairs_;
};

class FakeStore final : public Store {
 public:
  FakeStoreAdmin fake_admin;
  VersionRoot head;
  std::function<StatusOr<std::shared_ptr<StoreView>>(Version)> on_view;
  StateReader* reader = &no_reader_;

  StatusOr<AppliedResult> ApplyChangeSets(Version, const ChangeSets&) override { return None(); }
  StatusOr<CommitResult> Commit(Version) override { return None(); }
  std::vector<StatusOr<CommitResult>> CommitBlocks(std::span<const BlockRef> blocks,
                                                   OnRefusal /*on_refusal*/) override {
    return {blocks.size(), None()};
  }
  void DiscardPending() override {}
  StatusOr<ReadResult> Get(std::span<const KeyRef>) override { return None(); }
  StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange&) override { return None(); }
  StatusOr<std::shared_ptr<StoreView>> ViewAt(Version version) override {
    return on_view ? on_view(version) : None();
  }
  VersionRoot CommittedRoot() override { return head; }
  StatusOr<Digest> RootAt(Version) override { return None(); }
  VersionRoot WorkingRoot() override { return head; }
  StoreAdmin& admin() override { return fake_admin; }
  StateReader& state_reader() override { return *reader; }
  StoreInfo Info() override { return {}; }
  StoreStats Stats() override { return {}; }
  const RecoveryInfo& recovery() const override { return recovery_; }
  Status Health() override { return OkStatus(); }
  Status VerifyRows() override { return None(); }
  Status Flush() override { return OkStatus(); }
  Status Close() override { return OkStatus(); }

 private:
  static Status None() { return Unimplemented("the test gives no answer"); }

  NoStateReader no_reader_;
  const RecoveryInfo recovery_{};
};

}  // namespace flatkv::test
