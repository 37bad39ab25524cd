// Chunks several at a time: what costs (hashing, compressing) runs on a pool, while one thread of
// it reads or writes rows in order. Memory holds two batches of as many chunks as the pool has
// threads.
#pragma once

#include <functional>
#include <optional>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/archive/chunk.h"
#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"

namespace flatkv {

// Encodes what `next` gives until it gives nothing, and hands it to `use` in order. The two run on
// one thread at a time each, possibly beside each other. Stops at the first error of either.
Status EncodeChunks(const ArchiveState& state, const RowHasher& hasher, ThreadPool& pool,
                    const std::function<StatusOr<std::optional<RawChunk>>()>& next,
                    const std::function<Status(EncodedChunk)>& use);

struct DecodedChunk {
  ChunkInfo info;
  ChunkRows rows;  // empty where they were not wanted
};

// Reads and checks the chunks of an archive and hands them, or what is wrong with one, to `use` in
// order; its error ends the walk. Where `wants_rows` says no, only the digest is checked; it is
// asked on any thread.
Status DecodeChunks(const ArchiveReader& reader, const RowHasher& hasher, ThreadPool& pool,
                    const std::function<bool(const ChunkInfo&)>& wants_rows,
                    const std::function<Status(uint32_t, StatusOr<DecodedChunk>)>& use);

// One chunk of the archive, checked against MANIFEST and by itself.
StatusOr<DecodedChunk> DecodeChunk(const ArchiveReader& reader, uint32_t number,
                                   const RowHasher& hasher,
                                   const std::function<bool(const ChunkInfo&)>& wants_rows);

}  // namespace flatkv
