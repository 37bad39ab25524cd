// An existence filter over the keys of the four data DBs: it tells that a key was never written, so
// that nobody need ask the DB.
//
// "May contain" is never false for a key that was added; it is true for some that were not, about
// 0.5 % of them a full layer. Nothing is ever taken out: a removed key stays, and costs one
// needless read. The filter grows by layers, each of twice the room of the one before, 12 bits a
// key (filter_block.h has the form of a layer). Keys go into the newest layer, a lookup asks all of
// them, at a cache miss each: choose `expected_keys` so that growing is rare.
//
// Thread safety: all methods from any threads at the same time, also several Adds. A lookup that
// happens after an Add returned (in the sense of the C++ memory model) finds its key.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/filter/filter_layer.h"

namespace flatkv {

struct KeyFilterOptions {
  // Makes the hashes of this filter its own, so that which absent keys seem to be there cannot be
  // chosen without knowing it. Not a secret that holds against an attacker with an effort: all such
  // a key costs is a read.
  uint64_t seed = 0;
  // Room before the filter grows. Memory for it, 12 bits a key, is taken as it is touched, which
  // the hashes make soon.
  uint64_t expected_keys = uint64_t{1} << 20;
  // Growing stops before this. The first layer is made whatever it takes.
  uint64_t size_bytes_max = UINT64_MAX;
};

class KeyFilter {
 public:
  static constexpr size_t kLayersMax = 24;

  // An empty filter. Errors: kResourceExhausted.
  static StatusOr<std::unique_ptr<KeyFilter>> Create(const KeyFilterOptions& options);
  // A filter of layers as another one had them, oldest first (filter_file.h). REQUIRES: 1 to
  // kLayersMax of them.
  static std::unique_ptr<KeyFilter> FromLayers(
      const KeyFilterOptions& options,
      std::vector<std::unique_ptr<filter_internal::FilterLayer>> layers);

  KeyFilter(const KeyFilter&) = delete;
  KeyFilter& operator=(const KeyFilter&) = delete;

  // What stands for a key in all other calls: XXH3 64 of the key, seeded by seed and DB.
  uint64_t HashOf(DataDb db, std::string_view key) const;

  // Adding a key that is, or seems to be, there changes nothing. Grows when the newest layer is
  // full. When it must not or cannot (size_bytes_max, no memory, kLayersMax), that layer takes more
  // than its room: false positives become more frequent, and nothing else.
  void Add(uint64_t hash);
  bool MayContain(uint64_t hash) const;
  // Starts to fetch what Add and MayContain look at.
  void Prefetch(uint64_t hash) const;

  uint64_t seed() const { return seed_; }
  // Keys added, to within about the false-positive rate: those that seemed to be there do not
  // count, and one that two threads add at the same moment can count twice.
  uint64_t keys() const;
  uint64_t size_bytes() const;
  // The share of never added keys that MayContain is expected to be true for, now.
  double ExpectedFalsePositiveRate() const;

  // For the durable form: `layer(i)` lives as long as the filter. REQUIRES: i < layers().
  size_t layers() const { return layer_count_.load(std::memory_order_acquire); }
  const filter_internal::FilterLayer& layer(size_t i) const { return *layers_[i]; }

 private:
  explicit KeyFilter(const KeyFilterOptions& options);

  // The layer to use in place of `full`: a new one, or the same with more room.
  filter_internal::FilterLayer& Grow(filter_internal::FilterLayer& full) EXCLUDES(grow_mu_);
  // The layer to add, or null if there must or can be none.
  std::unique_ptr<filter_internal::FilterLayer> NextLayer() const REQUIRES(grow_mu_);

  // Constant after construction.
  const uint64_t seed_;
  const uint64_t size_bytes_max_;

  // Slots below layer_count_ never change; the next one is written under grow_mu_ before the count
  // is.
  std::array<std::unique_ptr<filter_internal::FilterLayer>, kLayersMax> layers_;
  std::atomic<size_t> layer_count_ = 0;
  Mutex grow_mu_;
};

}  // namespace flatkv
