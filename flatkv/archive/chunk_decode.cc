// Reading chunks: nothing is believed that is not checked.
#include <fmt/format.h>
#include <zstd.h>

#include <cstring>

#include "flatkv/archive/chunk.h"
#include "flatkv/archive/chunk_format.h"
#include "flatkv/base/endian.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"

namespace flatkv {
namespace {

using namespace chunk_format;  // NOLINT(google-build-using-namespace): of this file's subject

// The four lengths in the header, and where what they measure begins.
struct Layout {
  uint64_t text_bytes = 0;
  uint64_t packed_bytes = 0;
  size_t module_bytes = 0;
  size_t first_key_bytes = 0;
  size_t last_key_bytes = 0;

  explicit Layout(std::string_view bytes)
      : text_bytes(LoadLe64(bytes.data() + kTextBytesAt)),
        packed_bytes(LoadLe64(bytes.data() + kPackedBytesAt)),
        module_bytes(LoadLe32(bytes.data() + kModuleBytesAt)),
        first_key_bytes(LoadLe32(bytes.data() + kFirstKeyBytesAt)),
        last_key_bytes(LoadLe32(bytes.data() + kLastKeyBytesAt)) {}

  size_t packed_at() const { return kFixedBytes + module_bytes + first_key_bytes + last_key_bytes; }
  // Without overflow: the names have 32 bits each, and the packed bytes are compared alone.
  bool Fits(size_t file_bytes) const {
    return packed_bytes <= file_bytes && packed_at() + packed_bytes + kDigestBytes == file_bytes;
  }
};

bool IsZero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// Why a key cannot be one of the data DB's; empty if it can.
std::string KeyDefect(DataDb db, std::string_view module, std::string_view key) {
  if (ModuleOf(key) != module || key.size() <= module.size()) {
    return "a key is of another module";
  }
  const std::string_view rest = KeyInModule(key);
  if (!ValidateKey(module, rest).ok() || TargetOf(module, rest).db != db ||
      PhysicalKey(module, rest) != key) {
    return fmt::format("the key {} does not belong into data DB {}", HexEncode(key), NameOf(db));
  }
  return "";
}

// Why a row cannot be one of the store's; empty if it can.
std::string RowDefect(const ChunkInfo& info, std::string_view row) {
  if (const Status status = ValidateRow(info.db, row); !status.ok()) {
    return std::string(MessageOf(status));
  }
  if (RowVersion(row) < 1 || RowVersion(row) > info.state.version) {
    return fmt::format("a row is of version {}", RowVersion(row));
  }
  const bool says_absent = info.db == DataDb::kAccount
                               ? DecodeAccountRow(row).IsZero()
                               : ValueRemovesRow(info.db, row.substr(kRowHeaderBytes));
  return says_absent ? "a row holds what is stored as no row" : "";
}

StatusOr<std::string> Unpack(std::string_view packed, const ChunkInfo& info, uint64_t text_bytes,
                             std::string_view name) {
  const bool has_size =
      text_bytes <= kChunkBytesMax || (info.rows == 1 && text_bytes <= kChunkRowBytesMax);
  if (!has_size || ZSTD_getFrameContentSize(packed.data(), packed.size()) != text_bytes) {
    return ArchiveCorrupt(name, "its rows do not have the size that it says");
  }
  std::string text(text_bytes, '\0');
  const size_t size = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != text.size()) {
    return ArchiveCorrupt(name, "its rows cannot be decompressed");
  }
  return text;
}

}  // namespace

StatusOr<ChunkInfo> DecodeChunkInfo(std::string_view bytes, std::string_view name) {
  if (bytes.size() < kFixedBytes + kDigestBytes || !bytes.starts_with(kMagic)) {
    return ArchiveCorrupt(name, "it is not a chunk");
  }
  ChunkInfo info;
  const std::string_view digest = bytes.substr(bytes.size() - kDigestBytes);
  digest.copy(reinterpret_cast<char*>(info.digest.data()), digest.size());
  if (Sha256(bytes.substr(0, bytes.size() - kDigestBytes)) != info.digest) {
    return ArchiveCorrupt(name, "its digest does not fit its bytes");
  }
  const Layout layout(bytes);
  const auto db = static_cast<uint8_t>(bytes[kDbAt]);
  const auto suite = static_cast<uint8_t>(bytes[kSuiteAt]);
  if (!layout.Fits(bytes.size()) || db >= kDataDbs ||
      (suite != static_cast<uint8_t>(Suite::kSha256) &&
       suite != static_cast<uint8_t>(Suite::kBlake3)) ||
      !IsZero(bytes.substr(kSuiteAt + 1, kVersionAt - kSuiteAt - 1)) ||
      !IsZero(bytes.substr(kLastKeyBytesAt + 4, kHashAt - kLastKeyBytesAt - 4))) {
    return ArchiveCorrupt(name, "its header is malformed");
  }
  const char* const header = bytes.data();
  info.number = LoadLe32(header + kNumberAt);
  info.state.suite = static_cast<Suite>(suite);
  info.state.version = static_cast<Version>(LoadLe64(header + kVersionAt));
  std::memcpy(info.state.root.data(), header + kRootAt, info.state.root.size());
  info.db = static_cast<DataDb>(db);
  info.module = bytes.substr(kFixedBytes, layout.module_bytes);
  info.first_key = bytes.substr(kFixedBytes + layout.module_bytes, layout.first_key_bytes);
  info.last_key = bytes.substr(layout.packed_at() - layout.last_key_bytes, layout.last_key_bytes);
  info.rows = LoadLe64(header + kRowsAt);
  info.hash = LtHash::FromBytes(bytes.substr(kHashAt, LtHash::kSizeBytes));
  // Each row takes its lengths; so a count is bounded by the bytes before room is made for it.
  if (info.number == 0 || info.state.version < 1 || info.rows == 0 ||
      info.rows > layout.text_bytes / 8) {
    return ArchiveCorrupt(name, "its numbers are out of range");
  }
  info.bytes = layout.text_bytes - 8 * info.rows;
  if (const Status module = ValidateModule(info.module); !module.ok()) {
    return ArchiveCorrupt(name, MessageOf(module));
  }
  return info;
}

StatusOr<ChunkRows> DecodeChunkRows(std::string_view bytes, const ChunkInfo& info,
                                    std::string_view name, const RowHasher& hasher) {
  const Layout layout(bytes);
  ChunkRows chunk;
  ASSIGN_OR_RETURN(chunk.text, Unpack(bytes.substr(layout.packed_at(), layout.packed_bytes), info,
                                      layout.text_bytes, name));
  chunk.rows.reserve(info.rows);
  std::vector<RowElement> elements;
  elements.reserve(info.rows);
  std::string_view text = chunk.text;
  std::string_view before;
  while (!text.empty()) {
    const size_t key_bytes = text.size() < 8 ? 0 : LoadLe32(text.data());
    const size_t value_bytes = text.size() < 8 ? 0 : LoadLe32(text.data() + 4);
    if (text.size() < 8 + key_bytes + value_bytes) {
      return ArchiveCorrupt(name, "a row is cut off");
    }
    const ChunkRow row{text.substr(8, key_bytes), text.substr(8 + key_bytes, value_bytes)};
    text.remove_prefix(8 + key_bytes + value_bytes);
    if (!chunk.rows.empty() && row.key <= before) {
      return ArchiveCorrupt(
          name, fmt::format("the key {} is not in ascending order", HexEncode(row.key)));
    }
    std::string defect = KeyDefect(info.db, info.module, row.key);
    if (defect.empty()) {
      defect = RowDefect(info, row.value);
    }
    if (!defect.empty()) {
      return ArchiveCorrupt(name, defect);
    }
    before = row.key;
    chunk.rows.push_back(row);
    elements.push_back({row.key, row.value, false});
  }
  if (chunk.rows.size() != info.rows || chunk.rows.front().key != info.first_key ||
      chunk.rows.back().key != info.last_key) {
    return ArchiveCorrupt(name, "its rows are not those that it says");
  }
  LtHash hash;
  hasher.Accumulate(elements, &hash);
  if (hash != info.hash) {
    return ArchiveCorrupt(name, "its rows do not give its LtHash");
  }
  return chunk;
}

}  // namespace flatkv
