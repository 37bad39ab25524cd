// The rows that one version leaves behind, sorted, with the metadata that goes with them: what the
// overlay shows to readers and the write-behind thread writes into the data DBs.
//
// Immutable once published; shared by pointer between overlay and write-behind.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/store/arena.h"
#include "flatkv/store/row_probe.h"
#include "flatkv/store/state_hash.h"

namespace flatkv {

struct RowChange {
  std::string_view key;    // physical
  std::string_view value;  // stored bytes; empty when removed
  bool removed = false;
  // Of VersionRows only. The stored bytes from before the version, empty if there was no row (a
  // stored row never is); what stands for the key.
  std::string_view old_value = {};
  RowProbe probe = {};
};

using RowChanges = std::vector<RowChange>;

// The state of a touched data DB after the version: its own hash, and the modules that changed.
struct DbMetadata {
  LtHash hash;
  std::vector<std::pair<std::string, ModuleState>> modules;
};

// A module as it was before the version; no value if the version made it.
using ModuleBefore = std::pair<std::string, std::optional<ModuleState>>;

struct VersionRows {
  Version version = 0;
  Digest root{};                          // after the version
  Digest content_digest{};                // of its changelog payload
  std::array<RowChanges, kDataDbs> rows;  // ascending keys, each once
  std::array<std::optional<DbMetadata>, kDataDbs> metadata;
  // With the rows' old values what undoes the version: the modules that it changed.
  std::array<std::vector<ModuleBefore>, kDataDbs> old_modules;
  // Whether both were kept, and for all four DBs.
  bool can_be_undone = false;
  std::vector<Arena> arenas;  // own the bytes of `rows`

  size_t RowCount() const {
    size_t count = 0;
    for (const RowChanges& changes : rows) {
      count += changes.size();
    }
    return count;
  }
};

// The row that `key` has in `changes`, or nullptr. O(log n).
const RowChange* FindRow(const RowChanges& changes, std::string_view key);
// Both lists in key order; where both have a key, `newer` wins, with the old value of `older`.
RowChanges MergeRows(const RowChanges& older, const RowChanges& newer);

}  // namespace flatkv
