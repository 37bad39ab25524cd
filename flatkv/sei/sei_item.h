// One item of a Sei stream: the protobuf message SnapshotItem of the Cosmos SDK, written and read
// without copying keys and values. Encoding is canonical (fields in order, proto3 defaults left
// out) and equals what protobuf itself emits; decoding accepts only that.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/types.h"

namespace flatkv {

enum class SeiItemKind : uint8_t {
  kStore = 1,      // the items after it belong to the store `name`
  kNode = 2,       // of FlatKV's store: a row
  kExtension = 3,  // what follows are payloads of an extension, not of a store
  kExtensionPayload = 4,
};

struct SeiItem {
  SeiItemKind kind = SeiItemKind::kStore;
  std::string_view name = {};  // kStore
  // kNode. A row: the physical key and the stored value, the state's version, and height 0.
  std::string_view key = {};
  std::string_view value = {};
  Version version = 0;
  int32_t height = 0;
};

// The bytes that AppendSeiItem adds, without the length before them.
size_t SeiItemBytes(const SeiItem& item);
// Appends length and item. REQUIRES: a store or a node.
void AppendSeiItem(const SeiItem& item, std::string* out);

// `bytes` is an item without its length; the result views it. The content of extensions is not
// looked at. False if the bytes are not those of an item.
bool DecodeSeiItem(std::string_view bytes, SeiItem* item);

}  // namespace flatkv
