// Digests of ranges of rows. Rows are given in key order; a range that is complete is a *piece*.
//
// Memory is bounded by a group of batches, and by the number of pieces. Thread safety: one thread
// at a time; it hashes on `threads` threads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/thread_pool.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/arena.h"
#include "flatkv/store/range_digest.h"

namespace flatkv {

class RangeHasher {
 public:
  // A batch ends at so many rows, or with the row that makes it this large.
  static constexpr size_t kBatchRows = 1024;
  static constexpr size_t kBatchBytes = size_t{1} << 20;

  // `hasher` outlives the object.
  RangeHasher(const RowHasher& hasher, DigestKind kind, size_t threads);

  void Add(std::string_view key, std::string_view value);
  // What was added since the last call is a piece; it may have no rows.
  void EndPiece();
  // The pieces in order. REQUIRES: EndPiece came after the last Add.
  std::vector<RangeDigest> Finish();

 private:
  struct Batch {
    size_t piece = 0;
    Arena bytes;
    std::vector<RowElement> rows;
    LtHash sum;
    Digest digest{};
  };

  void EndBatch();
  void HashGroup();
  void HashBatch(Batch* batch) const;

  const RowHasher& hasher_;
  const DigestKind kind_;
  const size_t threads_;
  std::unique_ptr<ThreadPool> pool_;  // from the first full group on
  std::vector<Batch> group_;          // the last one is open
  size_t batch_bytes_ = 0;
  size_t group_rows_ = 0;
  size_t group_bytes_ = 0;
  std::vector<RangeDigest> pieces_;   // the last one is open
  std::vector<std::string> digests_;  // kSha256: of the batches of each piece
};

}  // namespace flatkv
