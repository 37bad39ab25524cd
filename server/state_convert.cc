#include "server/state_convert.h"

#include <fmt/format.h>

#include <utility>

namespace flatkv::server {
namespace {

std::string BytesOf(const Digest& digest) { return std::string(AsBytes(digest)); }

void SumsToProto(const RowSums& sums, v1::StateSums::Sums* message) {
  message->set_checksum(BytesOf(sums.checksum));
  message->set_rows(sums.rows);
  message->set_bytes(sums.bytes);
}

}  // namespace

void ToProto(const VersionRanges& ranges, v1::RangesResponse* response) {
  response->set_suite(std::string(SuiteName(ranges.suite)));
  response->set_store_id(ranges.store_id);
  response->set_oldest_retained(ranges.oldest_retained);
  response->set_head(ranges.head);
  response->set_hash_log_first(ranges.hash_log_first);
  response->set_hash_log_last(ranges.hash_log_last);
}

void ToProto(const StateSums& sums, v1::StateSums* message) {
  for (const DbSums& db : sums) {
    v1::StateSums::Db* to = message->add_dbs();
    SumsToProto(db.total, to->mutable_total());
    for (const auto& [name, module] : db.modules) {
      v1::StateSums::Module* named = to->add_modules();
      named->set_name(name);
      SumsToProto(module, named->mutable_sums());
    }
  }
}

void ToProto(const VersionSums& sums, bool roots_only, v1::HashLogResponse::Entry* entry) {
  entry->set_version(sums.version);
  entry->set_root(BytesOf(sums.root));
  if (sums.has_sums && !roots_only) {
    ToProto(sums.dbs, entry->mutable_sums());
  }
}

void ToProto(const SideState& state, v1::StateResponse* response) {
  response->set_version(state.version);
  response->set_root(BytesOf(state.root));
  response->set_suite(std::string(SuiteName(state.suite)));
  response->set_store_id(state.store_id);
  ToProto(state.sums, response->mutable_sums());
}

void ToProto(const StateSizes& sizes, v1::StateSizeResponse* response) {
  response->set_version(sizes.version);
  response->set_root(BytesOf(sizes.root));
  ToProto(sizes.sums, response->mutable_sums());
  for (const ContractSize& contract : sizes.contracts.largest) {
    v1::StateSizeResponse::Contract* to = response->add_largest();
    to->set_address(contract.address);
    to->set_storage_rows(contract.storage_rows);
    to->set_storage_bytes(contract.storage_bytes);
    to->set_code_bytes(contract.code_bytes);
  }
  response->set_contracts(sizes.contracts.contracts);
}

void ToProto(const KeyChange& change, bool with_values, v1::DiffResponse::Change* message) {
  message->set_module(std::string(change.module));
  message->set_key(std::string(change.key));
  message->set_had_value(change.before.has_value());
  message->set_has_value(change.after.has_value());
  if (with_values) {
    message->set_before(std::string(change.before.value_or("")));
    message->set_after(std::string(change.after.value_or("")));
  }
}

void ToProto(const std::vector<RangeDigest>& digests, const std::vector<std::string>& keys,
             bool with_hashes, v1::RangeDigestsResponse* response) {
  for (size_t i = 0; i < digests.size(); ++i) {
    v1::RangeDigestsResponse::Piece* piece = response->add_pieces();
    if (i > 0 && i <= keys.size()) {
      piece->set_first(keys[i - 1]);
    }
    piece->set_checksum(BytesOf(digests[i].checksum));
    piece->set_rows(digests[i].rows);
    piece->set_bytes(digests[i].bytes);
    if (with_hashes) {
      piece->set_hash(std::string(digests[i].hash.bytes()));
    }
  }
}

void ToProto(const std::vector<RowDigest>& rows, v1::RangeRowsResponse* response) {
  for (const RowDigest& row : rows) {
    v1::RangeRowsResponse::Row* to = response->add_rows();
    to->set_key(row.key);
    to->set_digest(BytesOf(row.digest));
  }
}

void ToProto(std::vector<std::optional<StoredValue>> values, v1::RangeRowsResponse* response) {
  for (std::optional<StoredValue>& value : values) {
    v1::RangeRowsResponse::Value* to = response->add_values();
    if (value.has_value()) {
      to->set_found(true);
      to->set_size_bytes(value->size_bytes);
      to->set_begin(std::move(value->begin));
    }
  }
}

StatusOr<RowRange> RangeOf(const v1::RowRange& message) {
  if (message.db() < 0 || message.db() >= static_cast<int>(kDataDbs)) {
    return InvalidArgument(
        fmt::format("range.db: {} is no data DB; they are 0 to {}", message.db(), kDataDbs - 1));
  }
  return RowRange{kAllDataDbs[static_cast<size_t>(message.db())], message.first(), message.last()};
}

StatusOr<DigestKind> KindOf(v1::DigestKind kind) {
  switch (kind) {
    case v1::LT_HASH:
      return DigestKind::kLtHash;
    case v1::SHA_256:
      return DigestKind::kSha256;
    default:
      return InvalidArgument(fmt::format("kind: {} is no kind of digest", static_cast<int>(kind)));
  }
}

}  // namespace flatkv::server
