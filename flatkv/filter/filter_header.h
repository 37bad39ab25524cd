// The header of a filter file (filter_file.h has the byte table) as a struct; no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv::filter_internal {

inline constexpr char kFilterMagic[] = "FKFILTER";
inline constexpr uint32_t kFilterFormat = 1;
inline constexpr size_t kHeaderBytes = 512;
inline constexpr size_t kDigestBytes = 16;
inline constexpr size_t kStoreIdBytes = 16;

struct FilterHeader {
  struct Layer {
    uint64_t blocks = 0;
    uint64_t keys = 0;
    bool operator==(const Layer&) const = default;
  };
  uint64_t seed = 0;
  Version version = 0;
  std::string store_id;  // 32 lower-case hex digits
  std::vector<Layer> layers;
};

// Whether the store id and version can stand in a header. Errors: kInvalidArgument.
Status CheckNames(const std::string& store_id, Version version);

// kHeaderBytes. REQUIRES: CheckNames passes; the layers are as a KeyFilter has them.
std::string EncodeHeader(const FilterHeader& header);
// Accepts exactly what EncodeHeader emits. REQUIRES: bytes.size() is kHeaderBytes. Errors:
// kDataLoss with the cause only.
StatusOr<FilterHeader> DecodeHeader(std::string_view bytes);

// The length of the whole file.
uint64_t FileBytesOf(const FilterHeader& header);

}  // namespace flatkv::filter_internal
