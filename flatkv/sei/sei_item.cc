#include "flatkv/sei/sei_item.h"

#include <limits>

#include "flatkv/base/check.h"
#include "flatkv/codec/proto_wire.h"

namespace flatkv {
namespace {

constexpr char kStoreNameTag = WireTag(1, WireType::kContent);
constexpr char kNodeKeyTag = WireTag(1, WireType::kContent);
constexpr char kNodeValueTag = WireTag(2, WireType::kContent);
constexpr char kNodeVersionTag = WireTag(3, WireType::kVarint);
constexpr char kNodeHeightTag = WireTag(4, WireType::kVarint);

char TagOf(SeiItemKind kind) { return WireTag(static_cast<int>(kind), WireType::kContent); }

// Protobuf writes negative numbers with all 64 bits.
uint64_t Wide(int64_t value) { return static_cast<uint64_t>(value); }

size_t ContentFieldBytes(std::string_view content) {
  return content.empty() ? 0 : 1 + VarintBytes(content.size()) + content.size();
}
size_t VarintFieldBytes(uint64_t value) { return value == 0 ? 0 : 1 + VarintBytes(value); }

void AppendContentField(char tag, std::string_view content, std::string* out) {
  if (!content.empty()) {
    out->push_back(tag);
    AppendVarint(content.size(), out);
    out->append(content);
  }
}
void AppendVarintField(char tag, uint64_t value, std::string* out) {
  if (value != 0) {
    out->push_back(tag);
    AppendVarint(value, out);
  }
}

// Of the message in the item.
size_t BodyBytes(const SeiItem& item) {
  return item.kind == SeiItemKind::kStore
             ? ContentFieldBytes(item.name)
             : ContentFieldBytes(item.key) + ContentFieldBytes(item.value) +
                   VarintFieldBytes(Wide(item.version)) + VarintFieldBytes(Wide(item.height));
}

// Takes the field with `tag` if it comes next. False if it does and is malformed; a default that is
// written out is.
bool TakeContentField(char tag, std::string_view* rest, std::string_view* content) {
  if (rest->empty() || rest->front() != tag) {
    return true;
  }
  rest->remove_prefix(1);
  return TakeContent(rest, content) && !content->empty();
}
bool TakeVarintField(char tag, std::string_view* rest, int64_t* value) {
  if (rest->empty() || rest->front() != tag) {
    return true;
  }
  rest->remove_prefix(1);
  uint64_t wide = 0;
  if (!TakeVarint(rest, &wide) || wide == 0) {
    return false;
  }
  *value = static_cast<int64_t>(wide);
  return true;
}

bool DecodeNode(std::string_view body, SeiItem* item) {
  int64_t height = 0;
  if (!TakeContentField(kNodeKeyTag, &body, &item->key) ||
      !TakeContentField(kNodeValueTag, &body, &item->value) ||
      !TakeVarintField(kNodeVersionTag, &body, &item->version) ||
      !TakeVarintField(kNodeHeightTag, &body, &height) ||
      height < std::numeric_limits<int32_t>::min() ||
      height > std::numeric_limits<int32_t>::max()) {
    return false;
  }
  item->height = static_cast<int32_t>(height);
  return body.empty();
}

}  // namespace

size_t SeiItemBytes(const SeiItem& item) {
  const size_t body = BodyBytes(item);
  return 1 + VarintBytes(body) + body;
}

void AppendSeiItem(const SeiItem& item, std::string* out) {
  FLATKV_CHECK(item.kind == SeiItemKind::kStore || item.kind == SeiItemKind::kNode);
  AppendVarint(SeiItemBytes(item), out);
  out->push_back(TagOf(item.kind));
  AppendVarint(BodyBytes(item), out);
  if (item.kind == SeiItemKind::kStore) {
    AppendContentField(kStoreNameTag, item.name, out);
    return;
  }
  AppendContentField(kNodeKeyTag, item.key, out);
  AppendContentField(kNodeValueTag, item.value, out);
  AppendVarintField(kNodeVersionTag, Wide(item.version), out);
  AppendVarintField(kNodeHeightTag, Wide(item.height), out);
}

bool DecodeSeiItem(std::string_view bytes, SeiItem* item) {
  *item = SeiItem();
  if (bytes.empty()) {
    return false;
  }
  const char tag = bytes.front();
  bytes.remove_prefix(1);
  std::string_view body;
  if (!TakeContent(&bytes, &body) || !bytes.empty()) {
    return false;
  }
  for (const SeiItemKind kind : {SeiItemKind::kStore, SeiItemKind::kNode, SeiItemKind::kExtension,
                                 SeiItemKind::kExtensionPayload}) {
    if (tag == TagOf(kind)) {
      item->kind = kind;
      switch (kind) {
        case SeiItemKind::kStore:
          return TakeContentField(kStoreNameTag, &body, &item->name) && body.empty();
        case SeiItemKind::kNode:
          return DecodeNode(body, item);
        case SeiItemKind::kExtension:
        case SeiItemKind::kExtensionPayload:
          return true;
      }
    }
  }
  return false;
}

}  // namespace flatkv
