#include "flatkv/sei/row_reader.h"

#include <fmt/format.h>

#include "flatkv/base/hex.h"
#include "flatkv/codec/row_check.h"

namespace flatkv {
namespace {

constexpr size_t kNamesShownMax = 20;

std::string KeyText(std::string_view key) { return fmt::format("key {}", HexEncode(key)); }

}  // namespace

StatusOr<std::unique_ptr<SeiRowReader>> SeiRowReader::Open(FileSystem& fs, const std::string& path,
                                                           Version version, uint64_t part_bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<ItemReader> items, ItemReader::Open(fs, path, part_bytes));
  return std::unique_ptr<SeiRowReader>(new SeiRowReader(std::move(items), path, version));
}

StatusOr<bool> SeiRowReader::Next(SeiRow* row) {
  SeiItem item;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_item, items_->Next(&item));
    if (!has_item) {
      RETURN_IF_ERROR(CheckEnd());
      return false;
    }
    if (item.kind == SeiItemKind::kStore) {
      RETURN_IF_ERROR(EnterStore(item.name));
    } else if (item.kind == SeiItemKind::kNode && place_ == Place::kFlatKv) {
      RETURN_IF_ERROR(CheckRow(item, row));
      return true;
    } else {
      RETURN_IF_ERROR(PassOver(item));
    }
  }
}

Status SeiRowReader::EnterStore(std::string_view name) {
  if (name == kSeiStoreName) {
    if (has_flatkv_) {
      return items_->Corrupt("the store flatkv begins a second time");
    }
    has_flatkv_ = true;
    place_ = Place::kFlatKv;
    return OkStatus();
  }
  const auto [store, is_new] = others_.stores.try_emplace(std::string(name), 0);
  if (!is_new) {
    return items_->Corrupt(fmt::format("the store {} begins a second time", name));
  }
  other_nodes_ = &store->second;
  place_ = Place::kOtherStore;
  return OkStatus();
}

Status SeiRowReader::PassOver(const SeiItem& item) {
  if (item.kind == SeiItemKind::kNode) {
    if (place_ != Place::kOtherStore) {
      return items_->Corrupt("a node that is in no store");
    }
    ++*other_nodes_;
    return OkStatus();
  }
  if (item.kind == SeiItemKind::kExtensionPayload && place_ != Place::kExtension) {
    return items_->Corrupt("an extension's payload that is in no extension");
  }
  place_ = Place::kExtension;
  ++others_.extension_items;
  return OkStatus();
}

Status SeiRowReader::CheckRow(const SeiItem& item, SeiRow* row) {
  if (item.key.empty()) {
    return items_->Corrupt("its key is empty");
  }
  const auto corrupt = [&](std::string_view what) {
    return items_->Corrupt(fmt::format("{}: {}", KeyText(item.key), what));
  };
  if (item.height != 0) {
    return corrupt(fmt::format("a node of height {}, and FlatKV's have height 0", item.height));
  }
  if (item.version != version_) {
    return corrupt(
        fmt::format("a node of version {} in a state of version {}", item.version, version_));
  }
  if (item.value.empty()) {
    return corrupt("its value is empty, and every stored row has a header");
  }
  const StatusOr<DataDb> db = DataDbOfPhysicalKey(item.key);
  if (!db.ok()) {
    return corrupt(MessageOf(db.status()));
  }
  if (const Status stored = CheckStoredRow(*db, item.value, version_); !stored.ok()) {
    return corrupt(MessageOf(stored));
  }
  if (!last_key_.empty() && item.key <= last_key_) {
    return corrupt(
        item.key == last_key_
            ? "the same key twice"
            : fmt::format("it is not in ascending order: {} is before it", KeyText(last_key_)));
  }
  last_key_ = item.key;
  *row = {*db, item.key, item.value};
  return OkStatus();
}

Status SeiRowReader::CheckEnd() const {
  if (has_flatkv_) {
    return OkStatus();
  }
  std::string names;
  size_t shown = 0;
  for (const auto& [name, nodes] : others_.stores) {
    if (++shown > kNamesShownMax) {
      names += " ...";
      break;
    }
    names += " " + name;
  }
  return NotFound(fmt::format("Sei stream {}: it has no store flatkv; its stores:{}", path_,
                              names.empty() ? " none" : names));
}

}  // namespace flatkv
