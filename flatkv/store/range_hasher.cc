#include "flatkv/store/range_hasher.h"

#include "flatkv/base/endian.h"
#include "flatkv/base/sha256.h"

namespace flatkv {
namespace {

constexpr size_t kGroupRows = 16 * RangeHasher::kBatchRows;
constexpr size_t kGroupBytes = 8 * RangeHasher::kBatchBytes;

}  // namespace

RangeHasher::RangeHasher(const RowHasher& hasher, DigestKind kind, size_t threads)
    : hasher_(hasher), kind_(kind), threads_(threads), group_(1), pieces_(1), digests_(1) {}

void RangeHasher::Add(std::string_view key, std::string_view value) {
  Batch& batch = group_.back();
  batch.rows.push_back({batch.bytes.Copy(key), batch.bytes.Copy(value), false});
  const size_t bytes = key.size() + value.size();
  batch_bytes_ += bytes;
  pieces_.back().rows += 1;
  pieces_.back().bytes += bytes;
  if (batch.rows.size() == kBatchRows || batch_bytes_ >= kBatchBytes) {
    EndBatch();
  }
}

void RangeHasher::EndPiece() {
  EndBatch();
  pieces_.emplace_back();
  digests_.emplace_back();
  group_.back().piece = pieces_.size() - 1;
}

std::vector<RangeDigest> RangeHasher::Finish() {
  HashGroup();
  pieces_.pop_back();
  for (size_t i = 0; i < pieces_.size(); ++i) {
    pieces_[i].checksum =
        kind_ == DigestKind::kLtHash ? hasher_.Checksum(pieces_[i].hash) : Sha256(digests_[i]);
  }
  return std::move(pieces_);
}

void RangeHasher::EndBatch() {
  if (group_.back().rows.empty()) {
    return;
  }
  group_rows_ += group_.back().rows.size();
  group_bytes_ += batch_bytes_;
  batch_bytes_ = 0;
  if (group_rows_ >= kGroupRows || group_bytes_ >= kGroupBytes) {
    if (pool_ == nullptr && threads_ > 1) {
      pool_ = std::make_unique<ThreadPool>("fkv-digest", threads_);
    }
    HashGroup();
  } else {
    group_.emplace_back().piece = pieces_.size() - 1;
  }
}

void RangeHasher::HashGroup() {
  if (pool_ != nullptr) {
    pool_->ParallelFor(group_.size(), [this](size_t i) { HashBatch(&group_[i]); });
  } else {
    for (Batch& batch : group_) {
      HashBatch(&batch);
    }
  }
  for (const Batch& batch : group_) {
    if (kind_ == DigestKind::kLtHash) {
      pieces_[batch.piece].hash += batch.sum;
    } else if (!batch.rows.empty()) {
      digests_[batch.piece].append(AsBytes(batch.digest));
    }
  }
  group_.clear();
  group_.emplace_back().piece = pieces_.size() - 1;
  group_rows_ = 0;
  group_bytes_ = 0;
}

void RangeHasher::HashBatch(Batch* batch) const {
  if (kind_ == DigestKind::kLtHash) {
    hasher_.Accumulate(batch->rows, &batch->sum);
    return;
  }
  std::string bytes;
  for (const RowElement& row : batch->rows) {
    for (const std::string_view part : {row.key, row.value}) {
      AppendLe32(&bytes, static_cast<uint32_t>(part.size()));
      bytes.append(part);
    }
  }
  batch->digest = Sha256(bytes);
}

}  // namespace flatkv
