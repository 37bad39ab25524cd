#include "flatkv/sei/archive_rows.h"

#include "flatkv/archive/archive_sums.h"

namespace flatkv {

StatusOr<std::unique_ptr<ArchiveRows>> ArchiveRows::Open(const ArchiveReader& archive,
                                                         const RowHasher& hasher,
                                                         ThreadPool& pool) {
  std::unique_ptr<ArchiveRows> rows(new ArchiveRows(archive, hasher));
  RETURN_IF_ERROR(rows->Check(pool));
  for (Cursor& cursor : rows->cursors_) {
    RETURN_IF_ERROR(rows->Load(&cursor));
  }
  return rows;
}

Status ArchiveRows::Check(ThreadPool& pool) {
  ArchiveSums sums(archive_.manifest().state);
  std::array<uint32_t, kDataDbs> chunks{};
  const auto add = [&](uint32_t, const StatusOr<DecodedChunk>& chunk) -> Status {
    RETURN_IF_ERROR(chunk.status());
    ++chunks[IndexOf(chunk->info.db)];
    return sums.Add(chunk->info);
  };
  RETURN_IF_ERROR(DecodeChunks(
      archive_, hasher_, pool, [](const ChunkInfo&) { return false; }, add));
  RETURN_IF_ERROR(sums.Check(archive_.manifest(), hasher_));
  uint32_t next = 1;
  for (const DataDb db : kAllDataDbs) {
    Cursor& cursor = cursors_[IndexOf(db)];
    cursor.next_chunk = next;
    next += chunks[IndexOf(db)];
    cursor.end_chunk = next;
  }
  return OkStatus();
}

Status ArchiveRows::Load(Cursor* cursor) {
  cursor->chunk = {};
  cursor->row = 0;
  if (cursor->next_chunk == cursor->end_chunk) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(DecodedChunk decoded, DecodeChunk(archive_, cursor->next_chunk, hasher_,
                                                     [](const ChunkInfo&) { return true; }));
  cursor->chunk = std::move(decoded.rows);
  ++cursor->next_chunk;
  return OkStatus();
}

StatusOr<bool> ArchiveRows::Next() {
  if (current_ < kDataDbs) {
    Cursor& cursor = cursors_[current_];
    ++cursor.row;
    if (!cursor.HasRow()) {
      RETURN_IF_ERROR(Load(&cursor));
    }
  }
  size_t least = kDataDbs;
  for (size_t i = 0; i < kDataDbs; ++i) {
    if (cursors_[i].HasRow() &&
        (least == kDataDbs || cursors_[i].Row().key < cursors_[least].Row().key)) {
      least = i;
    }
  }
  current_ = least;
  return least < kDataDbs;
}

}  // namespace flatkv
