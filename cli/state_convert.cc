#include "cli/state_convert.h"

#include <fmt/format.h>

#include <utility>

#include "cli/client_convert.h"

namespace flatkv::cli {
namespace {

StatusOr<RowSums> ToRowSums(const v1::StateSums::Sums& message) {
  RowSums sums;
  ASSIGN_OR_RETURN(sums.checksum, ToDigest(message.checksum()));
  sums.rows = message.rows();
  sums.bytes = message.bytes();
  return sums;
}

StatusOr<StateSums> ToStateSums(const v1::StateSums& message) {
  if (message.dbs_size() != static_cast<int>(kDataDbs)) {
    return Internal(fmt::format("the daemon has {} data DBs", message.dbs_size()));
  }
  StateSums sums;
  for (const DataDb db : kAllDataDbs) {
    const v1::StateSums::Db& from = message.dbs(static_cast<int>(IndexOf(db)));
    DbSums& to = sums[IndexOf(db)];
    ASSIGN_OR_RETURN(to.total, ToRowSums(from.total()));
    for (const v1::StateSums::Module& module : from.modules()) {
      ASSIGN_OR_RETURN(to.modules[module.name()], ToRowSums(module.sums()));
    }
  }
  return sums;
}

}  // namespace

StatusOr<VersionRanges> ToRanges(const v1::RangesResponse& response) {
  VersionRanges ranges;
  ASSIGN_OR_RETURN(ranges.suite, ToSuite(response.suite()));
  ranges.store_id = response.store_id();
  ranges.oldest_retained = response.oldest_retained();
  ranges.head = response.head();
  ranges.hash_log_first = response.hash_log_first();
  ranges.hash_log_last = response.hash_log_last();
  return ranges;
}

StatusOr<VersionSums> ToVersionSums(const v1::HashLogResponse::Entry& entry) {
  VersionSums sums;
  sums.version = entry.version();
  ASSIGN_OR_RETURN(sums.root, ToDigest(entry.root()));
  sums.has_sums = entry.has_sums();
  if (sums.has_sums) {
    ASSIGN_OR_RETURN(sums.dbs, ToStateSums(entry.sums()));
  }
  return sums;
}

StatusOr<SideState> ToSideState(const v1::StateResponse& response) {
  SideState state;
  state.version = response.version();
  ASSIGN_OR_RETURN(state.root, ToDigest(response.root()));
  ASSIGN_OR_RETURN(state.suite, ToSuite(response.suite()));
  state.store_id = response.store_id();
  ASSIGN_OR_RETURN(state.sums, ToStateSums(response.sums()));
  return state;
}

StatusOr<SplitDigests> ToSplit(const v1::RangeDigestsResponse& response) {
  SplitDigests split;
  for (const v1::RangeDigestsResponse::Piece& piece : response.pieces()) {
    if (!split.digests.empty()) {
      split.keys.push_back(piece.first());
    }
    RangeDigest& digest = split.digests.emplace_back();
    ASSIGN_OR_RETURN(digest.checksum, ToDigest(piece.checksum()));
    digest.rows = piece.rows();
    digest.bytes = piece.bytes();
  }
  return split;
}

StatusOr<std::vector<RowDigest>> ToRows(const v1::RangeRowsResponse& response) {
  std::vector<RowDigest> rows;
  rows.reserve(static_cast<size_t>(response.rows_size()));
  for (const v1::RangeRowsResponse::Row& row : response.rows()) {
    ASSIGN_OR_RETURN(const Digest digest, ToDigest(row.digest()));
    rows.push_back({row.key(), digest});
  }
  return rows;
}

std::vector<std::optional<StoredValue>> ToValues(v1::RangeRowsResponse response) {
  std::vector<std::optional<StoredValue>> values;
  for (v1::RangeRowsResponse::Value& value : *response.mutable_values()) {
    std::optional<StoredValue>& to = values.emplace_back();
    if (value.found()) {
      to = {value.size_bytes(), std::move(*value.mutable_begin())};
    }
  }
  return values;
}

StatusOr<StateSizes> ToSizes(const v1::StateSizeResponse& response) {
  StateSizes sizes;
  sizes.version = response.version();
  ASSIGN_OR_RETURN(sizes.root, ToDigest(response.root()));
  ASSIGN_OR_RETURN(sizes.sums, ToStateSums(response.sums()));
  for (const v1::StateSizeResponse::Contract& contract : response.largest()) {
    sizes.contracts.largest.push_back({contract.address(), contract.storage_rows(),
                                       contract.storage_bytes(), contract.code_bytes()});
  }
  sizes.contracts.contracts = response.contracts();
  return sizes;
}

KeyChange ToChange(const v1::DiffResponse::Change& change) {
  KeyChange view;
  view.module = change.module();
  view.key = change.key();
  if (change.had_value()) {
    view.before = change.before();
  }
  if (change.has_value()) {
    view.after = change.after();
  }
  return view;
}

void Fill(const RowRange& range, v1::RowRange* message) {
  message->set_db(static_cast<int32_t>(IndexOf(range.db)));
  message->set_first(range.first);
  message->set_last(range.last);
}

v1::DigestKind FromKind(DigestKind kind) {
  return kind == DigestKind::kLtHash ? v1::LT_HASH : v1::SHA_256;
}

}  // namespace flatkv::cli
