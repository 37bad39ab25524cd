// What a store knows about the whole of its rows: LtHash, row count and bytes of every module in
// every data DB, and how one version changes them. Sums only, so the order in which rows were
// hashed never shows.
//
// Thread safety: value types.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/codec/data_db.h"
#include "flatkv/lthash/lthash.h"

namespace flatkv {

// Counts are unsigned and wrap: a delta of -1 row is added like any other number.
struct ModuleState {
  LtHash hash;
  uint64_t rows = 0;
  uint64_t bytes = 0;  // physical keys and stored values

  ModuleState& operator+=(const ModuleState& delta) {
    hash += delta.hash;
    rows += delta.rows;
    bytes += delta.bytes;
    return *this;
  }
  bool operator==(const ModuleState&) const = default;
};

// Modules by name; std::less<> looks up by view.
using ModuleStates = std::map<std::string, ModuleState, std::less<>>;

struct DbState {
  ModuleState total;
  ModuleStates modules;  // total is their sum
  bool operator==(const DbState&) const = default;
};

using StoreState = std::array<DbState, kDataDbs>;

// The change that one version, or a part of it, makes to one data DB: by module, modules possibly
// named several times.
using DbDelta = std::vector<std::pair<std::string, ModuleState>>;
using StoreDelta = std::array<DbDelta, kDataDbs>;

// The delta of `module`, which is the last one named or is added at the end.
ModuleState& DeltaOf(std::string_view module, DbDelta* delta);
void ApplyDelta(const DbDelta& delta, DbState* state);
LtHash GlobalHash(const StoreState& state);
// The global hash after `delta`.
LtHash GlobalHash(const LtHash& before, const StoreDelta& delta);

}  // namespace flatkv
