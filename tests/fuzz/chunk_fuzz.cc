// Any bytes as a chunk of an archive: only what EncodeChunk wrote is accepted, and nothing makes
// the reader take more memory than the chunk says and the format allows. The digest is tried as it
// is and put right, or no mutation would get past it.
#include <string>

#include "flatkv/archive/chunk.h"
#include "flatkv/base/check.h"
#include "flatkv/base/sha256.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

void Check(std::string_view bytes) {
  using namespace flatkv;
  const StatusOr<ChunkInfo> info = DecodeChunkInfo(bytes, "chunk");
  if (!info.ok()) {
    FLATKV_CHECK(ReasonOf(info.status()) == Reason::kArchiveCorrupt);
    return;
  }
  const RowHasher hasher(info->state.suite);
  const StatusOr<ChunkRows> rows = DecodeChunkRows(bytes, *info, "chunk", hasher);
  if (!rows.ok()) {
    FLATKV_CHECK(ReasonOf(rows.status()) == Reason::kArchiveCorrupt);
    return;
  }
  RawChunk raw;
  raw.number = info->number;
  raw.db = info->db;
  raw.module = info->module;
  for (const ChunkRow& row : rows->rows) {
    raw.Add(row.key, row.value);
  }
  const EncodedChunk again = EncodeChunk(raw, info->state, hasher);
  FLATKV_CHECK(again.info.hash == info->hash && again.info.bytes == info->bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flatkv;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  if (size >= sizeof(Digest)) {
    std::string forged(bytes.substr(0, size - sizeof(Digest)));
    const Digest digest = Sha256(forged);
    forged.append(AsBytes(digest));
    Check(forged);
  }
  return 0;
}
