// A data DB's history as a std::map would have it, to compare an engine with.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "flatkv/engine/leveldb_engine.h"

namespace flatkv::test {

using Rows = std::map<std::string, std::string>;

// The row that every batch sets to its version.
inline constexpr char kVersionKey[] = "_meta/version";

// Changes in key order; no value is a removal.
using Changes = std::map<std::string, std::optional<std::string>>;

// Random batches: version v is the v-th batch. Everything follows from the seed.
class History {
 public:
  explicit History(uint64_t seed, size_t keys = 2000) : random_(seed), keys_(keys) {}

  Version head() const { return static_cast<Version>(batches_.size()); }
  // Makes version head() + 1 with `rows` changes, a quarter of them removals.
  const Changes& Extend(size_t rows);
  // The rows at `version`; cheap for the version asked for last and those after it.
  const Rows& At(Version version);
  // Some key, in use or not.
  std::string RandomKey();

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }

  std::mt19937_64 random_;
  size_t keys_;
  std::vector<Changes> batches_;
  Rows rows_;
  Version rows_version_ = 0;
};

// Small memtables and tables, so that little data makes many flushes and compactions.
LevelDbEngineOptions SmallOptions();

Status WriteChanges(KvEngine& engine, const Changes& changes, Version version);
// Every row by a scan forwards.
StatusOr<Rows> ReadAll(KvEngine& engine);
// What the version row says; 0 without one.
Version VersionOf(const Rows& rows);

}  // namespace flatkv::test
