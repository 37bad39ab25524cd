#include "flatkv/filter/filter_header.h"

#include <fmt/core.h>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/base/hex.h"
#include "flatkv/filter/filter_digest.h"
#include "flatkv/filter/filter_layer.h"
#include "flatkv/filter/key_filter.h"

namespace flatkv::filter_internal {
namespace {

// Where the fields are.
constexpr size_t kMagicBytes = 8;
constexpr size_t kFormatAt = 8;
constexpr size_t kLayersAt = 12;
constexpr size_t kSeedAt = 16;
constexpr size_t kVersionAt = 24;
constexpr size_t kStoreIdAt = 32;
constexpr size_t kTableAt = 48;
constexpr size_t kTableEntryBytes = 16;
constexpr size_t kDigestAt = kHeaderBytes - kDigestBytes;
static_assert(sizeof(kFilterMagic) == kMagicBytes + 1);
static_assert(kStoreIdAt + kStoreIdBytes == kTableAt);
static_assert(kTableAt + KeyFilter::kLayersMax * kTableEntryBytes <= kDigestAt);

std::string_view MagicText() { return {kFilterMagic, kMagicBytes}; }

Status CheckLayer(const FilterHeader& header, size_t i) {
  const auto [blocks, keys] = header.layers[i];
  const bool size_fits = i == 0 ? blocks >= kLayerBlocksMin && blocks <= kLayerBlocksMax
                                : blocks == BlocksAfter(header.layers[i - 1].blocks);
  if (!size_fits) {
    return DataLoss(fmt::format("layer {} cannot have {} blocks", i, blocks));
  }
  if (keys > blocks * kBlockBits) {
    return DataLoss(fmt::format("layer {} of {} blocks cannot have {} keys", i, blocks, keys));
  }
  return OkStatus();
}

}  // namespace

Status CheckNames(const std::string& store_id, Version version) {
  const StatusOr<std::string> raw = HexDecode(store_id);
  if (!raw.ok() || raw->size() != kStoreIdBytes || HexEncode(*raw) != store_id) {
    return InvalidArgument("a store id has 32 lower-case hexadecimal digits");
  }
  if (version < 0) {
    return InvalidArgument(fmt::format("version {} is out of range", version));
  }
  return OkStatus();
}

std::string EncodeHeader(const FilterHeader& header) {
  FLATKV_CHECK(!header.layers.empty() && header.layers.size() <= KeyFilter::kLayersMax);
  const StatusOr<std::string> store_id = HexDecode(header.store_id);
  FLATKV_CHECK(store_id.ok() && store_id->size() == kStoreIdBytes);
  std::string bytes(MagicText());
  AppendLe32(&bytes, kFilterFormat);
  AppendLe32(&bytes, static_cast<uint32_t>(header.layers.size()));
  AppendLe64(&bytes, header.seed);
  AppendLe64(&bytes, static_cast<uint64_t>(header.version));
  bytes += *store_id;
  for (const FilterHeader::Layer& layer : header.layers) {
    AppendLe64(&bytes, layer.blocks);
    AppendLe64(&bytes, layer.keys);
  }
  bytes.resize(kDigestAt, '\0');
  FilterDigest digest;
  digest.Add(bytes);
  bytes += digest.Bytes();
  FLATKV_CHECK(bytes.size() == kHeaderBytes);
  return bytes;
}

StatusOr<FilterHeader> DecodeHeader(std::string_view bytes) {
  FLATKV_CHECK(bytes.size() == kHeaderBytes);
  if (bytes.substr(0, kMagicBytes) != MagicText()) {
    return DataLoss("no filter file magic");
  }
  // Before the digest, which another format may have elsewhere.
  if (const uint32_t format = LoadLe32(bytes.data() + kFormatAt); format != kFilterFormat) {
    return DataLoss(
        fmt::format("format {} is not the one this build reads, {}", format, kFilterFormat));
  }
  FilterDigest digest;
  digest.Add(bytes.substr(0, kDigestAt));
  if (bytes.substr(kDigestAt) != digest.Bytes()) {
    return DataLoss("the header's digest does not match");
  }
  FilterHeader header;
  header.seed = LoadLe64(bytes.data() + kSeedAt);
  header.version = static_cast<Version>(LoadLe64(bytes.data() + kVersionAt));
  header.store_id = HexEncode(bytes.substr(kStoreIdAt, kStoreIdBytes));
  if (header.version < 0) {
    return DataLoss("the version is out of range");
  }
  const uint32_t layers = LoadLe32(bytes.data() + kLayersAt);
  if (layers == 0 || layers > KeyFilter::kLayersMax) {
    return DataLoss(fmt::format("a filter cannot have {} layers", layers));
  }
  header.layers.resize(layers);
  for (size_t i = 0; i < layers; ++i) {
    const char* const entry = bytes.data() + kTableAt + i * kTableEntryBytes;
    header.layers[i] = {LoadLe64(entry), LoadLe64(entry + sizeof(uint64_t))};
    RETURN_IF_ERROR(CheckLayer(header, i));
  }
  const size_t table_end = kTableAt + layers * kTableEntryBytes;
  if (bytes.substr(table_end, kDigestAt - table_end).find_first_not_of('\0') !=
      std::string_view::npos) {
    return DataLoss("the unused bytes of the header are not zero");
  }
  return header;
}

uint64_t FileBytesOf(const FilterHeader& header) {
  // At most kLayersMax times 8 GiB: no overflow.
  uint64_t bytes = kHeaderBytes + kDigestBytes;
  for (const FilterHeader::Layer& layer : header.layers) {
    bytes += layer.blocks * kBlockBytes;
  }
  return bytes;
}

}  // namespace flatkv::filter_internal
