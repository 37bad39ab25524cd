// A chunk of an archive: consecutive rows of one module in one data DB, checked by itself.
//
// A chunk says what it is (version and root that it belongs to, data DB, module, first and last
// key), has the LtHash of its rows, and ends in the SHA-256 of all before. The chunks' LtHashes add
// up to the module's, so each chunk can be checked alone and all together give the root. Bytes:
// docs/format.md, "Archive". Decoding accepts only what encoding emits.
//
// Thread safety: pure functions and value types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/lthash/lthash.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv {

// A chunk ends before the row with which its rows, lengths included, would take more than this; a
// single larger row is a chunk by itself.
inline constexpr size_t kChunkBytesMax = size_t{4} << 20;
// No row is larger: what a reader will make room for.
inline constexpr size_t kChunkRowBytesMax = size_t{1} << 30;

// The state that an archive holds; every chunk of it says the same.
struct ArchiveState {
  Suite suite = Suite::kSha256;
  Version version = 0;
  Digest root{};
  bool operator==(const ArchiveState&) const = default;
};

struct ChunkInfo {
  uint32_t number = 0;  // from 1, over the whole archive
  ArchiveState state;
  DataDb db = DataDb::kAccount;
  std::string module;
  std::string first_key;  // physical, as is the next
  std::string last_key;
  uint64_t rows = 0;
  uint64_t bytes = 0;  // physical keys and stored values
  LtHash hash;
  Digest digest{};  // the last 32 bytes: SHA-256 of all before
};

// Rows as they are cut from a data DB, not yet hashed nor compressed.
struct RawChunk {
  uint32_t number = 0;
  DataDb db = DataDb::kAccount;
  std::string module;
  std::string first_key;
  std::string last_key;
  uint64_t rows = 0;
  std::string text;  // each row: length of the key (4), of the value (4), key, value

  // REQUIRES: the key is of `module` and above `last_key`.
  void Add(std::string_view key, std::string_view value);
  // What a row adds to `text`.
  static size_t RowBytes(std::string_view key, std::string_view value) {
    return 8 + key.size() + value.size();
  }
};

struct EncodedChunk {
  ChunkInfo info;
  std::string bytes;  // of the file
};

// Hashes and compresses. REQUIRES: the chunk has rows.
EncodedChunk EncodeChunk(const RawChunk& raw, const ArchiveState& state, const RowHasher& hasher);

// Reads what the chunk says of itself and checks its digest; the rows are not looked at. `name` is
// for messages. Errors: kDataLoss with Reason::kArchiveCorrupt, naming chunk and defect.
StatusOr<ChunkInfo> DecodeChunkInfo(std::string_view bytes, std::string_view name);

struct ChunkRow {
  std::string_view key;
  std::string_view value;
};
// Views stay right when it is moved: no row is so short that its text would be kept inside the
// string object.
struct ChunkRows {
  std::string text;  // owns what `rows` views
  std::vector<ChunkRow> rows;
};
// The rows of a chunk that DecodeChunkInfo gave `info` for. Every row is checked: ascending keys
// that belong into the data DB and to the module, well-formed rows of no later version, and all
// together the chunk's LtHash. Errors: as above.
StatusOr<ChunkRows> DecodeChunkRows(std::string_view bytes, const ChunkInfo& info,
                                    std::string_view name, const RowHasher& hasher);

// "000001.chunk"
std::string ChunkName(uint32_t number);

Status ArchiveCorrupt(std::string_view name, std::string_view what);

}  // namespace flatkv
