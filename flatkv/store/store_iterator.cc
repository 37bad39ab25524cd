#include "flatkv/store/store_iterator.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/codec/rows.h"

namespace flatkv {
namespace {

// A range of the caller's keys; no `last` means to the end of the module.
struct KeyRange {
  std::string first;
  std::optional<std::string> last;

  bool IsEmpty() const { return last.has_value() && *last <= first; }
};

// The keys of `range` that begin with `prefix`. REQUIRES: prefix is not 0xff.
KeyRange Within(const KeyRange& range, char prefix) {
  const std::string low(1, prefix);
  const std::string high(1, static_cast<char>(prefix + 1));
  KeyRange cut;
  cut.first = std::max(range.first, low);
  cut.last = range.last.has_value() ? std::min(*range.last, high) : high;
  return cut;
}

PhysicalRange Physical(std::string_view module, const KeyRange& range) {
  // '0' follows '/', so "module0" is one past the last physical key of the module.
  return {fmt::format("{}/{}", module, range.first), range.last.has_value()
                                                         ? fmt::format("{}/{}", module, *range.last)
                                                         : fmt::format("{}0", module)};
}

// Code hashes are read from account rows: 0x08 address becomes 0x0a address.
KeyRange AsAccountKeys(KeyRange range) {
  const auto move = [](std::string* key) {
    (*key)[0] = static_cast<char>((*key)[0] + kNoncePrefix - kCodeHashPrefix);
  };
  move(&range.first);
  move(&*range.last);
  return range;
}

class Lane {
 public:
  Lane(RowTarget target, RowCursor cursor) : target_(target), cursor_(std::move(cursor)) {
    Settle();
  }

  bool Valid() const { return status_.ok() && cursor_.Valid(); }
  void Next() {
    cursor_.Next();
    Settle();
  }
  const std::string& key() const { return key_; }
  const std::string& value() const { return value_; }
  Status status() const { return status_.ok() ? cursor_.status() : status_; }

 private:
  // Skips account rows that have no such field.
  void Settle() {
    for (; cursor_.Valid(); cursor_.Next()) {
      status_ = ValidateRow(target_.db, cursor_.value());
      if (!status_.ok()) {
        return;
      }
      if (RowValue(target_.field, cursor_.value(), &value_)) {
        key_ = KeyInModule(cursor_.key());
        if (target_.field == Field::kCodeHash) {
          key_[0] = kCodeHashPrefix;
        }
        return;
      }
    }
  }

  RowTarget target_;
  RowCursor cursor_;
  std::string key_;
  std::string value_;
  Status status_;
};

class MergingIterator final : public StoreIterator {
 public:
  MergingIterator(Version version, bool reverse, std::vector<std::unique_ptr<Lane>> lanes)
      : version_(version), reverse_(reverse), lanes_(std::move(lanes)) {
    Pick();
  }

  Version version() const override { return version_; }
  bool Valid() const override { return current_ != nullptr; }
  void Next() override {
    current_->Next();
    Pick();
  }
  std::string_view key() const override { return current_->key(); }
  std::string_view value() const override { return current_->value(); }
  Status status() const override {
    for (const auto& lane : lanes_) {
      RETURN_IF_ERROR(lane->status());
    }
    return OkStatus();
  }

 private:
  void Pick() {
    current_ = nullptr;
    // A damaged lane ends the walk: leaving its keys out would be a wrong answer.
    if (!status().ok()) {
      return;
    }
    for (const auto& lane : lanes_) {
      if (lane->Valid() && (current_ == nullptr || (reverse_ ? lane->key() > current_->key()
                                                             : lane->key() < current_->key()))) {
        current_ = lane.get();
      }
    }
  }

  const Version version_;
  const bool reverse_;
  const std::vector<std::unique_ptr<Lane>> lanes_;
  Lane* current_ = nullptr;
};

}  // namespace

std::vector<LaneSpec> LanesOf(const IterateRange& range) {
  KeyRange keys{std::string(range.start), std::nullopt};
  if (range.end.has_value()) {
    keys.last = std::string(*range.end);
  }
  std::vector<LaneSpec> lanes;
  const auto add = [&](RowTarget target, const KeyRange& lane_keys) {
    if (!lane_keys.IsEmpty()) {
      lanes.push_back({target, Physical(range.module, lane_keys)});
    }
  };
  add({DataDb::kMisc, Field::kWhole}, keys);
  if (range.module == kEvmModule) {
    add({DataDb::kStorage, Field::kWhole}, Within(keys, kStoragePrefix));
    add({DataDb::kCode, Field::kWhole}, Within(keys, kCodePrefix));
    add({DataDb::kAccount, Field::kNonce}, Within(keys, kNoncePrefix));
    const KeyRange code_hashes = Within(keys, kCodeHashPrefix);
    if (!code_hashes.IsEmpty()) {
      add({DataDb::kAccount, Field::kCodeHash}, AsAccountKeys(code_hashes));
    }
  }
  return lanes;
}

std::unique_ptr<StoreIterator> NewStoreIterator(const IterateRange& range, Version version,
                                                const OpenCursor& open_cursor) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (const LaneSpec& spec : LanesOf(range)) {
    lanes.push_back(std::make_unique<Lane>(spec.target, open_cursor(spec)));
  }
  return std::make_unique<MergingIterator>(version, range.reverse, std::move(lanes));
}

}  // namespace flatkv
