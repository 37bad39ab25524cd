// How keys, values and sums of rows are shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "flatkv/store/compare_side.h"
#include "flatkv/store/state_sums.h"

namespace flatkv::cli {

// Hexadecimal, cut after `bytes_max` bytes: "00ff.. (4096 bytes)". Empty: `""`.
std::string CutHex(std::string_view bytes, size_t bytes_max);

// What a stored row says, as far as it was fetched: "version 12, 00ff.." or "none".
std::string StoredText(const std::optional<StoredValue>& value);
// {version, bytes, row} with the begin of the stored row in hexadecimal, or null.
OrderedJson StoredJson(const std::optional<StoredValue>& value);

// {checksum, rows, bytes}
OrderedJson ToJson(const RowSums& sums);
// {account: {checksum, rows, bytes, modules: {evm: {checksum, rows, bytes} ...}} ...}
OrderedJson ToJson(const StateSums& sums);
// {version, root, data_dbs}, where data_dbs is null if only the root is known.
OrderedJson ToJson(const VersionSums& sums);

}  // namespace flatkv::cli
