#include "flatkv/archive/chunk_stream.h"

#include <algorithm>
#include <vector>

namespace flatkv {

Status EncodeChunks(const ArchiveState& state, const RowHasher& hasher, ThreadPool& pool,
                    const std::function<StatusOr<std::optional<RawChunk>>()>& next,
                    const std::function<Status(EncodedChunk)>& use) {
  const size_t batch = pool.threads();
  std::vector<RawChunk> raw;
  std::vector<EncodedChunk> encoded;
  bool is_end = false;
  while (!is_end || !raw.empty() || !encoded.empty()) {
    // Beside each other: the next rows are read, those read before encoded, those before written.
    std::vector<RawChunk> reading;
    std::vector<EncodedChunk> encoding(raw.size());
    Status read;
    Status used;
    pool.ParallelFor(raw.size() + 2, [&](size_t part) {
      if (part == 0) {
        while (!is_end && read.ok() && reading.size() < batch) {
          StatusOr<std::optional<RawChunk>> chunk = next();
          read = chunk.status();
          if (read.ok() && chunk->has_value()) {
            reading.push_back(**std::move(chunk));
          } else {
            is_end = true;
          }
        }
      } else if (part == 1) {
        for (size_t i = 0; i < encoded.size() && used.ok(); ++i) {
          used = use(std::move(encoded[i]));
        }
      } else {
        encoding[part - 2] = EncodeChunk(raw[part - 2], state, hasher);
      }
    });
    RETURN_IF_ERROR(used);
    RETURN_IF_ERROR(read);
    raw = std::move(reading);
    encoded = std::move(encoding);
  }
  return OkStatus();
}

StatusOr<DecodedChunk> DecodeChunk(const ArchiveReader& reader, uint32_t number,
                                   const RowHasher& hasher,
                                   const std::function<bool(const ChunkInfo&)>& wants_rows) {
  const std::string name = ChunkName(number);
  ASSIGN_OR_RETURN(const std::string bytes, reader.ReadChunk(number));
  DecodedChunk chunk;
  ASSIGN_OR_RETURN(chunk.info, DecodeChunkInfo(bytes, name));
  if (chunk.info.digest != reader.manifest().chunks[number - 1].digest) {
    return ArchiveCorrupt(name, "it is not the chunk that MANIFEST names");
  }
  if (wants_rows(chunk.info)) {
    ASSIGN_OR_RETURN(chunk.rows, DecodeChunkRows(bytes, chunk.info, name, hasher));
  }
  return chunk;
}

Status DecodeChunks(const ArchiveReader& reader, const RowHasher& hasher, ThreadPool& pool,
                    const std::function<bool(const ChunkInfo&)>& wants_rows,
                    const std::function<Status(uint32_t, StatusOr<DecodedChunk>)>& use) {
  const size_t chunks = reader.manifest().chunks.size();
  std::vector<StatusOr<DecodedChunk>> decoded;
  size_t first = 0;  // of `decoded`, from 0
  size_t next = 0;
  while (next < chunks || !decoded.empty()) {
    std::vector<StatusOr<DecodedChunk>> decoding(std::min(pool.threads(), chunks - next));
    Status used;
    pool.ParallelFor(decoding.size() + 1, [&](size_t part) {
      if (part == 0) {
        for (size_t i = 0; i < decoded.size() && used.ok(); ++i) {
          used = use(static_cast<uint32_t>(first + i + 1), std::move(decoded[i]));
        }
      } else {
        decoding[part - 1] =
            DecodeChunk(reader, static_cast<uint32_t>(next + part), hasher, wants_rows);
      }
    });
    RETURN_IF_ERROR(used);
    first = next;
    next += decoding.size();
    decoded = std::move(decoding);
  }
  return OkStatus();
}

}  // namespace flatkv
