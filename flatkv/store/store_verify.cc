// Verification beside commits: everything is read through views, leases and changelog readers.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/snapshot_base.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {

// One run of Verify.
class StoreImpl::Verifier {
 public:
  Verifier(StoreImpl& store, const VerifyOptions& options, const OnVerifyProgress& on_progress)
      : store_(store), options_(options), on_progress_(on_progress) {}

  StatusOr<VerifyReport> Run() {
    if (options_.snapshot.has_value()) {
      ASSIGN_OR_RETURN(const SnapshotSummary summary, store_.catalog_.Summary(*options_.snapshot));
      report_.version = summary.manifest.version;
      report_.root = summary.manifest.root;
      RETURN_IF_ERROR(VerifySnapshot(*options_.snapshot));
    } else {
      if (!options_.at.has_value()) {
        RETURN_IF_ERROR(VerifySnapshots());
        RETURN_IF_ERROR(VerifyChangelog());
      }
      RETURN_IF_ERROR(VerifyState());
    }
    report_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return std::move(report_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kProgressInterval{1};

  // False: stop.
  bool Progress(std::string_view phase, uint64_t done, uint64_t total) {
    if (store_.closing_) {
      return false;
    }
    const Clock::time_point now = Clock::now();
    if (phase == phase_ && now - reported_ < kProgressInterval) {
      return true;
    }
    phase_ = phase;
    reported_ = now;
    return on_progress_ == nullptr || on_progress_({std::string(phase), done, total});
  }
  static Status Stopped() { return Cancelled("the verification was cancelled"); }
  static Status RolledBack() {
    return WithReason(Aborted("the store was rolled back or closed meanwhile"),
                      Reason::kRolledBack);
  }
  void Find(std::string finding) { report_.findings.push_back(std::move(finding)); }
  // What is damaged is a finding; what the verification itself fails with is returned.
  Status Finding(const Status& status, const std::string& context) {
    if (status.code() != StatusCode::kDataLoss) {
      return status;
    }
    Find(fmt::format("{}: {}", context, MessageOf(status)));
    return OkStatus();
  }

  Status VerifySnapshots() {
    ASSIGN_OR_RETURN(const std::vector<Version> versions, store_.catalog_.Versions());
    for (const Version version : versions) {
      RETURN_IF_ERROR(VerifySnapshot(version));
    }
    return Finding(store_.catalog_.Current().status(), "current");
  }

  Status VerifySnapshot(Version version) {
    ASSIGN_OR_RETURN(const SnapshotCatalog::Leased leased, store_.catalog_.LeaseAtOrBelow(version));
    if (leased.version != version) {
      return OkStatus();  // pruned meanwhile
    }
    const size_t findings = report_.findings.size();
    const StatusOr<SnapshotManifest> manifest = store_.catalog_.ReadManifest(version);
    const Status verified = VerifySnapshotFiles(version, manifest);
    if (verified.ok() && report_.findings.size() == findings) {
      return OkStatus();
    }
    // The lease holds it against everything but a rollback, and half removed is not damaged.
    ASSIGN_OR_RETURN(const bool is_gone, IsGone(version, manifest));
    if (is_gone) {
      return RolledBack();
    }
    return verified;
  }

  // Whether there is no such snapshot any more, or another one in its place.
  StatusOr<bool> IsGone(Version version, const StatusOr<SnapshotManifest>& manifest) {
    ASSIGN_OR_RETURN(const std::vector<Version> versions, store_.catalog_.Versions());
    if (!std::binary_search(versions.begin(), versions.end(), version)) {
      return true;
    }
    const StatusOr<SnapshotManifest> now = store_.catalog_.ReadManifest(version);
    return manifest.ok() && now.ok() && now->operation_id != manifest->operation_id;
  }

  Status VerifySnapshotFiles(Version version, const StatusOr<SnapshotManifest>& manifest) {
    ++report_.snapshots;
    const std::string name = SnapshotName(version);
    if (!manifest.ok()) {
      return Finding(manifest.status(), name);
    }
    const uint64_t total = manifest->TotalBytes();
    ASSIGN_OR_RETURN(
        const std::vector<std::string> findings,
        CheckSnapshotFiles(
            store_.fs_, store_.catalog_.PathOf(version), *manifest,
            options_.depth == VerifyDepth::kFull ? FileCheck::kDigests : FileCheck::kSizes,
            [&](uint64_t done) { return Progress(name + " files", done, total); }));
    report_.files += manifest->files.size();
    for (const std::string& finding : findings) {
      Find(fmt::format("{}: {}", name, finding));
    }
    return options_.depth == VerifyDepth::kFull && findings.empty()
               ? VerifyRowsOfSnapshot(*manifest)
               : OkStatus();
  }

  Status VerifyRowsOfSnapshot(const SnapshotManifest& manifest) {
    const std::string scratch = JoinPath(store_.directory_, kScratchName);
    RETURN_IF_ERROR(MakeDirsDurably(store_.fs_, scratch));
    const std::string clone = JoinPath(scratch, "verify-" + NewOperationId());
    const SnapshotBase base{manifest.store_id, manifest.suite, manifest.version,
                            manifest.operation_id};
    Status status =
        CloneSnapshot(store_.fs_, store_.catalog_.PathOf(manifest.version), clone, manifest,
                      store_.options_.snapshot.allow_copy, EncodeSnapshotBase(base));
    if (status.ok()) {
      status = VerifyClone(manifest, clone);
    }
    RemoveTreeDurably(store_.fs_, clone).IgnoreError();  // scratch
    return Finding(status, SnapshotName(manifest.version));
  }

  Status VerifyClone(const SnapshotManifest& manifest, const std::string& clone) {
    constexpr uint64_t kWriteBufferBytes = uint64_t{1} << 20;
    ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDbs> dbs,
                     ScratchDbs::Open(store_.fs_, store_.logger_, clone, kWriteBufferBytes));
    StoreState state;
    for (const DataDb db : kAllDataDbs) {
      ASSIGN_OR_RETURN(LoadedDb loaded, dbs->dbs().Load(db));
      if (loaded.version != manifest.version) {
        Find(fmt::format("{}: data DB {} stands at version {}", SnapshotName(manifest.version),
                         NameOf(db), loaded.version));
      }
      const std::unique_ptr<KvIterator> rows = dbs->dbs()[db].NewIterator();
      RETURN_IF_ERROR(VerifyRowsAt(SnapshotName(manifest.version), db, *rows, loaded.state,
                                   [] { return true; }));
      state[IndexOf(db)] = std::move(loaded.state);
      if (store_.hasher_->Checksum(state[IndexOf(db)].total.hash) !=
          manifest.dbs[IndexOf(db)].checksum) {
        Find(fmt::format("{}: data DB {} does not have the manifest's checksum",
                         SnapshotName(manifest.version), NameOf(db)));
      }
    }
    if (store_.hasher_->Checksum(GlobalHash(state)) != manifest.root) {
      Find(fmt::format("{}: the data DBs do not give the manifest's root",
                       SnapshotName(manifest.version)));
    }
    return OkStatus();
  }

  Status VerifyRowsAt(const std::string& where, DataDb db, KvIterator& rows,
                      const DbState& recorded, const std::function<bool()>& go_on) {
    const std::string phase = fmt::format("{} rows of {}", where, NameOf(db));
    if (!Progress(phase, 0, recorded.total.rows)) {
      return Stopped();
    }
    ASSIGN_OR_RETURN(const RowsVerdict verdict,
                     VerifyRowsOf(db, rows, recorded, *store_.hasher_, [&](uint64_t done) {
                       return go_on() && Progress(phase, done, recorded.total.rows);
                     }));
    report_.rows += verdict.rows;
    for (const std::string& finding : verdict.findings) {
      Find(fmt::format("{}: {}", where, finding));
    }
    return OkStatus();
  }

  // Every record's checksums and the chain. A prune meanwhile takes old records away: the walk then
  // goes on behind it. A rollback may open the changelog anew and cut what the walk still reads:
  // what looks damaged is looked at once more through what is open then.
  Status VerifyChangelog() {
    Version next = 0;
    std::optional<Version> suspect;
    while (true) {
      std::unique_ptr<WalReader> reader;
      Version last = 0;
      {
        ReaderLock open_lock(store_.open_mu_);
        RETURN_IF_ERROR(store_.CheckReadable());
        Wal& wal = *store_.open_->wal;
        last = store_.HeadVersion();
        next = std::max(next, wal.first_version());
        if (wal.empty() || next > last) {
          return OkStatus();
        }
        StatusOr<std::unique_ptr<WalReader>> opened = wal.NewReader(next, last);
        if (opened.status().code() == StatusCode::kOutOfRange) {
          continue;  // pruned just now
        }
        if (!opened.ok()) {
          return Finding(opened.status(), "changelog");
        }
        reader = *std::move(opened);
      }
      while (true) {
        const StatusOr<bool> has_record = reader->Next();
        if (!has_record.ok()) {
          const bool is_cut = has_record.status().code() == StatusCode::kOutOfRange;
          if (is_cut || suspect != next) {
            suspect = is_cut ? std::nullopt : std::optional<Version>(next);
            break;
          }
          return Finding(has_record.status(), "changelog");
        }
        if (!*has_record) {
          return OkStatus();
        }
        ++report_.versions;
        next = reader->info().version + 1;
        if (!Progress("changelog", static_cast<uint64_t>(reader->info().version),
                      static_cast<uint64_t>(last))) {
          return Stopped();
        }
      }
    }
  }

  Status VerifyState() {
    const Version version = options_.at.value_or(store_.HeadVersion());
    report_.version = version;
    if (version < store_.identity_.initial_version && !options_.at.has_value()) {
      report_.root = store_.CommittedRoot().root;
      return OkStatus();  // an empty store
    }
    const StatusOr<std::shared_ptr<View>> view = store_.OpenView(version);
    if (!options_.at.has_value() && ReasonOf(view.status()) == Reason::kVersionAboveHead) {
      return RolledBack();  // it was the head
    }
    if (!view.ok()) {
      return Finding(view.status(), fmt::format("version {}", version));
    }
    report_.root = (*view)->root();
    if (options_.depth == VerifyDepth::kQuick && !options_.at.has_value()) {
      return OkStatus();  // opening the view compared the recorded hashes with the root
    }
    for (const DataDb db : kAllDataDbs) {
      const Status walked = (*view)->WalkRows(db, [&](KvIterator& rows) {
        return VerifyRowsAt(fmt::format("version {}", version), db, rows,
                            (*view)->state()[IndexOf(db)], [&] { return !(*view)->ending(); });
      });
      if ((*view)->ending()) {
        return RolledBack();
      }
      RETURN_IF_ERROR(walked);
    }
    return OkStatus();
  }

  StoreImpl& store_;
  const VerifyOptions options_;
  const OnVerifyProgress& on_progress_;
  const Clock::time_point start_ = Clock::now();
  std::string phase_;  // the last one reported: the begin of each is
  Clock::time_point reported_ = start_;
  VerifyReport report_;
};

StatusOr<VerifyReport> StoreImpl::Verify(const VerifyOptions& options,
                                         const OnVerifyProgress& on_progress) {
  {
    ReaderLock open_lock(open_mu_);
    RETURN_IF_ERROR(CheckReadable());
  }
  return Verifier(*this, options, on_progress).Run();
}

}  // namespace flatkv
