// The rows of an archive in the order of their physical keys over all four data DBs. Memory holds
// one chunk of each data DB.
//
// Thread safety: none.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/archive/chunk_stream.h"
#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv {

class ArchiveRows {
 public:
  // Reads every chunk once and checks that together they are the archive: digests, order, sums and
  // root; the rows are checked when they are read. `archive` and `hasher` outlive the object.
  // Errors: kDataLoss with Reason::kArchiveCorrupt or Reason::kRootMismatch, naming the chunk.
  static StatusOr<std::unique_ptr<ArchiveRows>> Open(const ArchiveReader& archive,
                                                     const RowHasher& hasher, ThreadPool& pool);

  // The next row; false after the last. Errors: as above.
  StatusOr<bool> Next();
  // REQUIRES: Next gave true. Valid until the next call of it.
  std::string_view key() const { return Row().key; }
  std::string_view value() const { return Row().value; }

 private:
  // Where the walk stands in one data DB.
  struct Cursor {
    uint32_t next_chunk = 1;
    uint32_t end_chunk = 1;  // the first of a later data DB
    ChunkRows chunk;
    size_t row = 0;

    bool HasRow() const { return row < chunk.rows.size(); }
    const ChunkRow& Row() const { return chunk.rows[row]; }
  };

  ArchiveRows(const ArchiveReader& archive, const RowHasher& hasher)
      : archive_(archive), hasher_(hasher) {}

  Status Check(ThreadPool& pool);
  // Loads the next chunk of a cursor that stands behind its last row.
  Status Load(Cursor* cursor);
  const ChunkRow& Row() const { return cursors_[current_].Row(); }

  const ArchiveReader& archive_;
  const RowHasher& hasher_;
  std::array<Cursor, kDataDbs> cursors_;
  size_t current_ = kDataDbs;  // the cursor whose row was given; kDataDbs: none yet
};

}  // namespace flatkv
