#include "flatkv/store/replay_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/base/thread_pool.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/codec/keys.h"

namespace flatkv {
namespace {

// Bytes that wait to be worked out.
constexpr uint64_t kReadyBytesMax = uint64_t{16} << 20;
// A batch ends at either: more rows are looked up and written cheaper only up to a point, and wait
// in memory.
constexpr size_t kBatchRowsMax = 40'000;
constexpr uint64_t kBatchBytesMax = uint64_t{8} << 20;
// What a record costs beside its payload.
constexpr uint64_t kRecordBytes = 256;

uint64_t BytesOf(const ReplayBatch& batch) {
  return batch.log_bytes + kRecordBytes * batch.payloads.size() +
         (batch.undo.has_value() ? batch.undo->bytes : 0);
}

}  // namespace

StatusOr<std::unique_ptr<ReplayReader>> ReplayReader::Start(Wal& wal, const ReplayRange& range) {
  ASSIGN_OR_RETURN(std::unique_ptr<WalReader> records, wal.NewReader(range.first, range.last));
  return std::unique_ptr<ReplayReader>(new ReplayReader(std::move(records), range));
}

ReplayReader::ReplayReader(std::unique_ptr<WalReader> records, const ReplayRange& range)
    : records_(std::move(records)),
      range_(range),
      undo_first_(range.undo == nullptr ? 0 : range.undo->first()),
      undo_last_(range.undo == nullptr ? -1 : range.undo->last()),
      thread_([this] {
        SetThreadName("fkv-replay");
        Run();
      }) {}

ReplayReader::~ReplayReader() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

StatusOr<std::optional<ReplayBatch>> ReplayReader::Next() {
  std::optional<ReplayBatch> batch;
  {
    MutexLock lock(mu_);
    while (ready_.empty() && !ended_) {
      changed_.Wait(mu_);
    }
    if (ready_.empty()) {
      RETURN_IF_ERROR(end_);
      return batch;
    }
    batch = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= BytesOf(*batch);
  }
  changed_.NotifyAll();
  return batch;
}

void ReplayReader::Run() {
  Status end = ReadAll();
  // What was read before an error is worked out before it is told.
  HandOver();
  {
    MutexLock lock(mu_);
    ended_ = true;
    end_ = std::move(end);
  }
  changed_.NotifyAll();
}

Status ReplayReader::ReadAll() {
  while (true) {
    ASSIGN_OR_RETURN(const bool has_record, records_->Next());
    if (!has_record) {
      return OkStatus();
    }
    const Version version = records_->info().version;
    // A copy: the values must stay when the reader goes on.
    std::string payload(records_->payload());
    ASSIGN_OR_RETURN(ClassifiedChanges changes, Decode(version, payload));
    const bool may_fold = MayFold(version);
    if ((!may_fold || EndsBatch(version - 1)) && !HandOver()) {
      return OkStatus();
    }
    batch_.first = batch_.payloads.empty() ? version : batch_.first;
    batch_.last = records_->info();
    batch_.log_bytes += payload.size();
    batch_.payloads.push_back(std::move(payload));
    if (may_fold) {
      Gather(std::move(changes));
    } else {
      batch_.wants_undo = version >= range_.undo_from;
      batch_.changes = std::move(changes);
    }
    if ((!may_fold || IsFull()) && !HandOver()) {
      return OkStatus();
    }
  }
}

void ReplayReader::Gather(ClassifiedChanges changes) {
  for (std::vector<RowUpdate>& updates : changes.updates) {
    gathered_rows_ += updates.size();
    // Closer together than in an arena for each of many small versions.
    for (RowUpdate& update : updates) {
      update.key = batch_.changes.keys.Copy(update.key);
    }
  }
  gathered_.push_back(std::move(changes.updates));
}

bool ReplayReader::IsFull() const {
  return gathered_.size() >= range_.batch_versions_max || gathered_rows_ >= kBatchRowsMax ||
         batch_.log_bytes >= kBatchBytesMax;
}

StatusOr<ClassifiedChanges> ReplayReader::Decode(Version version, std::string_view payload) const {
  StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(payload);
  const auto context = [version] { return fmt::format("replaying version {}", version); };
  if (!entry.ok() || entry->version != version) {
    return WithReason(
        DataLoss(fmt::format("{}: the record holds no entry of this version", context())),
        Reason::kChangelogCorrupt);
  }
  DropHeldPairs(version, &entry->changes);
  StatusOr<ClassifiedChanges> classified = Classify(version, entry->changes, NoLimits());
  if (!classified.ok()) {
    return Annotate(Recode(classified.status(), StatusCode::kDataLoss), context());
  }
  return classified;
}

void ReplayReader::DropHeldPairs(Version version, ChangeSets* changes) const {
  if (version > *std::max_element(range_.db_versions.begin(), range_.db_versions.end())) {
    return;
  }
  for (NamedChangeSet& named : *changes) {
    std::erase_if(named.pairs, [&](const KvPair& pair) {
      // What has no target is left for Classify to refuse.
      return (!pair.key.empty() || named.module != kEvmModule) &&
             version <= range_.db_versions[IndexOf(TargetOf(named.module, pair.key).db)];
    });
  }
}

bool ReplayReader::MayFold(Version version) const {
  return range_.batch_versions_max > 1 && version < range_.undo_from;
}

bool ReplayReader::EndsBatch(Version version) const {
  return version == undo_first_ - 1 || version == undo_last_ ||
         std::find(range_.db_versions.begin(), range_.db_versions.end(), version) !=
             range_.db_versions.end();
}

void ReplayReader::ReadUndo() {
  const bool has_rows = std::any_of(batch_.changes.updates.begin(), batch_.changes.updates.end(),
                                    [](const auto& updates) { return !updates.empty(); });
  if (!has_rows || batch_.first < undo_first_ || batch_.last.version > undo_last_) {
    return;
  }
  StatusOr<Undo> undo =
      range_.undo->ReadRange(batch_.first - 1, batch_.last.version, /*check_changelog=*/true);
  if (undo.ok()) {
    batch_.undo = *std::move(undo);
  } else {
    batch_.undo_error = undo.status();
  }
}

bool ReplayReader::HandOver() {
  if (batch_.payloads.empty()) {
    return true;
  }
  if (!gathered_.empty()) {
    batch_.changes.updates = gathered_.size() == 1 ? std::move(gathered_.front()) : Fold(gathered_);
    gathered_.clear();
  }
  gathered_rows_ = 0;
  ReadUndo();
  ReplayBatch batch = std::move(batch_);
  batch_ = ReplayBatch();
  const uint64_t bytes = BytesOf(batch);
  {
    MutexLock lock(mu_);
    while (!stopping_ && ready_bytes_ > 0 && ready_bytes_ + bytes > kReadyBytesMax) {
      changed_.Wait(mu_);
    }
    if (stopping_) {
      return false;
    }
    ready_bytes_ += bytes;
    ready_.push_back(std::move(batch));
  }
  changed_.NotifyAll();
  return true;
}

}  // namespace flatkv
