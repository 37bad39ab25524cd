#include "flatkv/store/state_diff.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "flatkv/codec/changelog_entry.h"
#include "flatkv/codec/keys.h"

namespace flatkv {
namespace {

// Keys to one read of each view.
constexpr size_t kBatchKeys = 256;
// What a key takes beside its bytes.
constexpr uint64_t kKeyOverheadBytes = sizeof(KeyRef);

bool Before(const KeyRef& a, const KeyRef& b) {
  return std::tie(a.module, a.key) < std::tie(b.module, b.key);
}

bool Same(const KeyRef& a, const KeyRef& b) { return a.module == b.module && a.key == b.key; }

Status Look(const GoOn& go_on) {
  return go_on == nullptr || go_on() ? OkStatus() : Cancelled("the walk was cancelled");
}

// Gathers keys, of which many may be the same.
class KeyCollector {
 public:
  explicit KeyCollector(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // False once they take too much.
  bool Add(std::string_view module, std::string_view key) {
    found_.keys.push_back({found_.bytes.Copy(module), found_.bytes.Copy(key)});
    bytes_ += module.size() + key.size() + kKeyOverheadBytes;
    if (bytes_ <= bytes_max_) {
      return true;
    }
    Compact();
    // Hardly less: the next compaction would come at once.
    return bytes_ <= bytes_max_ / 2;
  }

  ChangedKeys Take() {
    Compact();
    return std::move(found_);
  }

 private:
  void Compact() {
    std::sort(found_.keys.begin(), found_.keys.end(), Before);
    found_.keys.erase(std::unique(found_.keys.begin(), found_.keys.end(), Same), found_.keys.end());
    Arena bytes;
    bytes_ = 0;
    for (KeyRef& key : found_.keys) {
      bytes_ += key.module.size() + key.key.size() + kKeyOverheadBytes;
      key = {bytes.Copy(key.module), bytes.Copy(key.key)};
    }
    found_.bytes = std::move(bytes);
  }

  const uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  ChangedKeys found_;
};

// Adds the key of a pair, and the one that shares its row.
bool AddPair(std::string_view module, std::string_view key, KeyCollector* collector) {
  if (TargetOf(module, key).db != DataDb::kAccount) {
    return collector->Add(module, key);
  }
  std::string sibling(key);
  sibling.front() = kNoncePrefix;
  const bool has_room = collector->Add(module, sibling);
  sibling.front() = kCodeHashPrefix;
  return has_room && collector->Add(module, sibling);
}

// One module of one view, key by key.
class ModuleWalk {
 public:
  static StatusOr<ModuleWalk> Start(StoreView& view, std::string_view module) {
    IterateRange range;
    range.module = module;
    ASSIGN_OR_RETURN(std::unique_ptr<StoreIterator> iterator, view.Iterate(range));
    return ModuleWalk(std::move(iterator));
  }

  bool Valid() const { return iterator_->Valid(); }
  void Next() { iterator_->Next(); }
  std::string_view key() const { return iterator_->key(); }
  std::string_view value() const { return iterator_->value(); }
  Status status() const { return iterator_->status(); }

 private:
  explicit ModuleWalk(std::unique_ptr<StoreIterator> iterator) : iterator_(std::move(iterator)) {}

  std::unique_ptr<StoreIterator> iterator_;
};

Status WalkModule(StoreView& before, StoreView& after, const std::string& module,
                  const OnKeyChange& use, const GoOn& go_on) {
  ASSIGN_OR_RETURN(ModuleWalk old_walk, ModuleWalk::Start(before, module));
  ASSIGN_OR_RETURN(ModuleWalk new_walk, ModuleWalk::Start(after, module));
  for (uint64_t steps = 0; old_walk.Valid() || new_walk.Valid(); ++steps) {
    if (steps % kBatchKeys == 0) {
      RETURN_IF_ERROR(Look(go_on));
    }
    // An iterator that failed looks like one at its end: whatever is left of the other would pass
    // for a change.
    RETURN_IF_ERROR(old_walk.status());
    RETURN_IF_ERROR(new_walk.status());
    if (!new_walk.Valid() || (old_walk.Valid() && old_walk.key() < new_walk.key())) {
      RETURN_IF_ERROR(use({module, old_walk.key(), old_walk.value(), std::nullopt}));
      old_walk.Next();
    } else if (!old_walk.Valid() || new_walk.key() < old_walk.key()) {
      RETURN_IF_ERROR(use({module, new_walk.key(), std::nullopt, new_walk.value()}));
      new_walk.Next();
    } else {
      if (old_walk.value() != new_walk.value()) {
        RETURN_IF_ERROR(use({module, old_walk.key(), old_walk.value(), new_walk.value()}));
      }
      old_walk.Next();
      new_walk.Next();
    }
  }
  RETURN_IF_ERROR(old_walk.status());
  return new_walk.status();
}

}  // namespace

StatusOr<std::optional<ChangedKeys>> CollectChangedKeys(WalReader& reader, std::string_view module,
                                                        uint64_t bytes_max, const GoOn& go_on) {
  KeyCollector collector(bytes_max);
  while (true) {
    RETURN_IF_ERROR(Look(go_on));
    ASSIGN_OR_RETURN(const bool has_record, reader.Next());
    if (!has_record) {
      return std::optional<ChangedKeys>(collector.Take());
    }
    ASSIGN_OR_RETURN(const ChangelogEntryView entry, DecodeChangelogEntry(reader.payload()));
    for (const NamedChangeSet& change_set : entry.changes) {
      if (!module.empty() && change_set.module != module) {
        continue;
      }
      for (const KvPair& pair : change_set.pairs) {
        if (!AddPair(change_set.module, pair.key, &collector)) {
          return std::optional<ChangedKeys>();
        }
      }
    }
  }
}

Status DiffByKeys(StoreView& before, StoreView& after, const ChangedKeys& keys,
                  const OnKeyChange& use, const GoOn& go_on) {
  const std::span<const KeyRef> all = keys.keys;
  for (size_t at = 0; at < all.size(); at += kBatchKeys) {
    RETURN_IF_ERROR(Look(go_on));
    const std::span<const KeyRef> batch = all.subspan(at, std::min(kBatchKeys, all.size() - at));
    ASSIGN_OR_RETURN(const ReadResult old_values, before.Get(batch));
    ASSIGN_OR_RETURN(const ReadResult new_values, after.Get(batch));
    for (size_t i = 0; i < batch.size(); ++i) {
      if (old_values.values[i] != new_values.values[i]) {
        RETURN_IF_ERROR(
            use({batch[i].module, batch[i].key, old_values.values[i], new_values.values[i]}));
      }
    }
  }
  return OkStatus();
}

Status DiffByWalk(StoreView& before, StoreView& after, const std::set<std::string>& modules,
                  const OnKeyChange& use, const GoOn& go_on) {
  for (const std::string& module : modules) {
    RETURN_IF_ERROR(WalkModule(before, after, module, use, go_on));
  }
  return OkStatus();
}

}  // namespace flatkv
