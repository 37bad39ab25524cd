#include "flatkv/archive/chunk.h"

#include <fmt/format.h>
#include <zstd.h>

#include <charconv>
#include <cstring>

#include "flatkv/archive/archive_limits.h"
#include "flatkv/archive/chunk_format.h"
#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/base/sha256.h"

namespace flatkv {
namespace {

using namespace chunk_format;  // NOLINT(google-build-using-namespace): of this file's subject

std::string Pack(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const size_t size =
      ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kZstdLevel);
  // With room for the bound only a lack of memory is left, and that is a std::bad_alloc elsewhere.
  FLATKV_CHECK(ZSTD_isError(size) == 0);
  packed.resize(size);
  return packed;
}

// The next row of `text`, or false if none begins there.
bool TakeRow(std::string_view* text, ChunkRow* row) {
  if (text->size() < 8) {
    return false;
  }
  const size_t key_bytes = LoadLe32(text->data());
  const size_t value_bytes = LoadLe32(text->data() + 4);
  if (text->size() - 8 < key_bytes || text->size() - 8 - key_bytes < value_bytes) {
    return false;
  }
  row->key = text->substr(8, key_bytes);
  row->value = text->substr(8 + key_bytes, value_bytes);
  text->remove_prefix(8 + key_bytes + value_bytes);
  return true;
}

std::vector<ChunkRow> RowsOf(std::string_view text, uint64_t rows) {
  std::vector<ChunkRow> list;
  list.reserve(rows);
  ChunkRow row;
  while (TakeRow(&text, &row)) {
    list.push_back(row);
  }
  FLATKV_CHECK(text.empty() && list.size() == rows);
  return list;
}

LtHash HashOf(const std::vector<ChunkRow>& rows, const RowHasher& hasher) {
  std::vector<RowElement> elements;
  elements.reserve(rows.size());
  for (const ChunkRow& row : rows) {
    elements.push_back({row.key, row.value, false});
  }
  LtHash hash;
  hasher.Accumulate(elements, &hash);
  return hash;
}

}  // namespace

void RawChunk::Add(std::string_view key, std::string_view value) {
  if (rows == 0) {
    first_key = key;
  }
  last_key = key;
  ++rows;
  AppendLe32(&text, static_cast<uint32_t>(key.size()));
  AppendLe32(&text, static_cast<uint32_t>(value.size()));
  text.append(key).append(value);
}

EncodedChunk EncodeChunk(const RawChunk& raw, const ArchiveState& state, const RowHasher& hasher) {
  FLATKV_CHECK(raw.rows > 0 && hasher.suite() == state.suite);
  EncodedChunk chunk;
  chunk.info = {.number = raw.number,
                .state = state,
                .db = raw.db,
                .module = raw.module,
                .first_key = raw.first_key,
                .last_key = raw.last_key,
                .rows = raw.rows,
                .bytes = raw.text.size() - 8 * raw.rows,
                .hash = HashOf(RowsOf(raw.text, raw.rows), hasher),
                .digest = {}};
  const std::string packed = Pack(raw.text);
  std::string& bytes = chunk.bytes;
  bytes.assign(kFixedBytes, '\0');
  char* const header = bytes.data();
  std::memcpy(header, kMagic.data(), kMagic.size());
  StoreLe32(header + kNumberAt, raw.number);
  header[kDbAt] = static_cast<char>(raw.db);
  header[kSuiteAt] = static_cast<char>(state.suite);
  StoreLe64(header + kVersionAt, static_cast<uint64_t>(state.version));
  std::memcpy(header + kRootAt, state.root.data(), state.root.size());
  StoreLe64(header + kRowsAt, raw.rows);
  StoreLe64(header + kTextBytesAt, raw.text.size());
  StoreLe64(header + kPackedBytesAt, packed.size());
  StoreLe32(header + kModuleBytesAt, static_cast<uint32_t>(raw.module.size()));
  StoreLe32(header + kFirstKeyBytesAt, static_cast<uint32_t>(raw.first_key.size()));
  StoreLe32(header + kLastKeyBytesAt, static_cast<uint32_t>(raw.last_key.size()));
  std::memcpy(header + kHashAt, chunk.info.hash.bytes().data(), LtHash::kSizeBytes);
  bytes.append(raw.module).append(raw.first_key).append(raw.last_key).append(packed);
  chunk.info.digest = Sha256(bytes);
  bytes.append(AsBytes(chunk.info.digest));
  return chunk;
}

std::string ChunkName(uint32_t number) { return fmt::format("{:06}.chunk", number); }

bool IsChunkName(std::string_view name) {
  uint32_t number = 0;
  const char* const end = name.data() + name.size();
  const std::from_chars_result parsed = std::from_chars(name.data(), end, number);
  return parsed.ec == std::errc() && name == ChunkName(number);
}

Status ArchiveCorrupt(std::string_view name, std::string_view what) {
  return WithReason(DataLoss(fmt::format("archive, {}: {}", name, what)), Reason::kArchiveCorrupt);
}

}  // namespace flatkv
