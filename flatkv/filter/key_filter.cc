#include "flatkv/filter/key_filter.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "flatkv/base/check.h"

namespace flatkv {

using filter_internal::BlockMask;
using filter_internal::BlocksFor;
using filter_internal::FilterLayer;
using filter_internal::kBlockBytes;
using filter_internal::MaskOf;

KeyFilter::KeyFilter(const KeyFilterOptions& options)
    : seed_(options.seed), size_bytes_max_(options.size_bytes_max) {}

StatusOr<std::unique_ptr<KeyFilter>> KeyFilter::Create(const KeyFilterOptions& options) {
  std::vector<std::unique_ptr<FilterLayer>> layers(1);
  ASSIGN_OR_RETURN(layers[0], FilterLayer::Create(BlocksFor(options.expected_keys)));
  return FromLayers(options, std::move(layers));
}

std::unique_ptr<KeyFilter> KeyFilter::FromLayers(const KeyFilterOptions& options,
                                                 std::vector<std::unique_ptr<FilterLayer>> layers) {
  FLATKV_CHECK(!layers.empty() && layers.size() <= kLayersMax);
  std::unique_ptr<KeyFilter> filter(new KeyFilter(options));
  std::move(layers.begin(), layers.end(), filter->layers_.begin());
  filter->layer_count_.store(layers.size(), std::memory_order_release);
  return filter;
}

uint64_t KeyFilter::HashOf(DataDb db, std::string_view key) const {
  // Far apart, so that the seeds of one filter's DBs are not those of another's.
  constexpr uint64_t kStride = 0x9e3779b97f4a7c15;
  return XXH3_64bits_withSeed(key.data(), key.size(), seed_ + kStride * IndexOf(db));
}

void KeyFilter::Add(uint64_t hash) {
  const BlockMask mask = MaskOf(hash);
  const size_t count = layers();
  for (size_t i = count; i > 0; --i) {
    if (layers_[i - 1]->MayContain(hash, mask)) {
      return;
    }
  }
  FilterLayer* newest = layers_[count - 1].get();
  if (newest->IsFull()) {
    newest = &Grow(*newest);
  }
  newest->Add(hash, mask);
}

bool KeyFilter::MayContain(uint64_t hash) const {
  const BlockMask mask = MaskOf(hash);
  // The newest has the most keys.
  for (size_t i = layers(); i > 0; --i) {
    if (layers_[i - 1]->MayContain(hash, mask)) {
      return true;
    }
  }
  return false;
}

void KeyFilter::Prefetch(uint64_t hash) const {
  for (size_t i = layers(); i > 0; --i) {
    layers_[i - 1]->Prefetch(hash);
  }
}

uint64_t KeyFilter::keys() const {
  uint64_t keys = 0;
  for (size_t i = layers(); i > 0; --i) {
    keys += layers_[i - 1]->keys();
  }
  return keys;
}

uint64_t KeyFilter::size_bytes() const {
  uint64_t size_bytes = 0;
  for (size_t i = layers(); i > 0; --i) {
    size_bytes += layers_[i - 1]->size_bytes();
  }
  return size_bytes;
}

double KeyFilter::ExpectedFalsePositiveRate() const {
  double absent_in_all = 1;
  for (size_t i = layers(); i > 0; --i) {
    absent_in_all *= 1 - layers_[i - 1]->ExpectedFalsePositiveRate();
  }
  return 1 - absent_in_all;
}

FilterLayer& KeyFilter::Grow(FilterLayer& full) {
  const MutexLock lock(grow_mu_);
  const size_t count = layers();
  FilterLayer& newest = *layers_[count - 1];
  if (&newest != &full || !full.IsFull()) {
    return newest;  // Another thread was here first.
  }
  std::unique_ptr<FilterLayer> next = NextLayer();
  if (next == nullptr) {
    full.ExtendRoom();
    return full;
  }
  layers_[count] = std::move(next);
  layer_count_.store(count + 1, std::memory_order_release);
  return *layers_[count];
}

std::unique_ptr<FilterLayer> KeyFilter::NextLayer() const {
  const size_t count = layers();
  if (count == kLayersMax) {
    return nullptr;
  }
  const uint64_t blocks = filter_internal::BlocksAfter(layers_[count - 1]->blocks());
  const uint64_t used_bytes = size_bytes();
  if (used_bytes > size_bytes_max_ || blocks * kBlockBytes > size_bytes_max_ - used_bytes) {
    return nullptr;
  }
  StatusOr<std::unique_ptr<FilterLayer>> layer = FilterLayer::Create(blocks);
  return layer.ok() ? *std::move(layer) : nullptr;
}

}  // namespace flatkv
