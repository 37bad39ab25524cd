#include "flatkv/codec/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "flatkv/base/endian.h"
#include "flatkv/base/hex.h"

namespace flatkv {
namespace {

constexpr char kRowFormat = 0;

Status BadRow(DataDb db, std::string_view row, std::string_view what) {
  return WithReason(DataLoss(fmt::format("row of data DB {}: {} ({} bytes: {}..)", NameOf(db), what,
                                         row.size(), HexEncode(row.substr(0, 16)))),
                    Reason::kDataDbCorrupt);
}

}  // namespace

bool IsAllZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

bool AccountFields::IsZero() const {
  return !HasCode() && IsAllZero({nonce.data(), nonce.size()}) &&
         IsAllZero({balance.data(), balance.size()});
}

bool AccountFields::HasCode() const { return !IsAllZero({code_hash.data(), code_hash.size()}); }

void WriteRowHeader(Version version, char* out) {
  *out = kRowFormat;
  StoreBe64(out + 1, static_cast<uint64_t>(version));
}

size_t WriteAccountRow(Version version, const AccountFields& fields, char* out) {
  WriteRowHeader(version, out);
  char* p = out + kRowHeaderBytes;
  p = std::copy(fields.balance.begin(), fields.balance.end(), p);
  p = std::copy(fields.nonce.begin(), fields.nonce.end(), p);
  if (fields.HasCode()) {
    std::copy(fields.code_hash.begin(), fields.code_hash.end(), p);
    return kContractRowBytes;
  }
  return kAccountRowBytes;
}

Status ValidateRow(DataDb db, std::string_view row) {
  if (row.size() < kRowHeaderBytes) {
    return BadRow(db, row, "shorter than a row header");
  }
  if (row.front() != kRowFormat) {
    return BadRow(db, row, "unknown row format");
  }
  switch (db) {
    case DataDb::kStorage:
      return row.size() == kStorageRowBytes ? OkStatus() : BadRow(db, row, "wrong length");
    case DataDb::kAccount:
      if (row.size() == kAccountRowBytes) {
        return OkStatus();
      }
      if (row.size() != kContractRowBytes) {
        return BadRow(db, row, "wrong length");
      }
      return IsAllZero(row.substr(kAccountRowBytes)) ? BadRow(db, row, "zero code hash is stored")
                                                     : OkStatus();
    case DataDb::kCode:
      return row.size() > kRowHeaderBytes ? OkStatus() : BadRow(db, row, "empty byte code");
    case DataDb::kMisc:
      return OkStatus();
  }
  return BadRow(db, row, "unknown data DB");
}

Version RowVersion(std::string_view row) { return static_cast<Version>(LoadBe64(row.data() + 1)); }

AccountFields DecodeAccountRow(std::string_view row) {
  AccountFields fields;
  const char* p = row.data() + kRowHeaderBytes;
  std::memcpy(fields.balance.data(), p, kBalanceBytes);
  std::memcpy(fields.nonce.data(), p + kBalanceBytes, kNonceBytes);
  if (row.size() == kContractRowBytes) {
    std::memcpy(fields.code_hash.data(), row.data() + kAccountRowBytes, kCodeHashBytes);
  }
  return fields;
}

bool RowValue(Field field, std::string_view row, std::string* value) {
  switch (field) {
    case Field::kWhole:
      value->assign(row.substr(kRowHeaderBytes));
      return true;
    case Field::kNonce:
      value->assign(row.substr(kRowHeaderBytes + kBalanceBytes, kNonceBytes));
      return true;
    case Field::kCodeHash:
      if (row.size() != kContractRowBytes) {
        return false;
      }
      value->assign(row.substr(kAccountRowBytes));
      return true;
  }
  return false;
}

Status ValidateValue(RowTarget target, std::string_view module, std::string_view key,
                     std::string_view value) {
  size_t wanted = value.size();
  std::string_view what;
  if (target.db == DataDb::kStorage) {
    wanted = kStorageValueBytes;
    what = "storage value";
  } else if (target.field == Field::kNonce) {
    wanted = kNonceBytes;
    what = "nonce";
  } else if (target.field == Field::kCodeHash) {
    wanted = kCodeHashBytes;
    what = "code hash";
  }
  if (value.size() == wanted) {
    return OkStatus();
  }
  return WithReason(
      InvalidArgument(fmt::format("{}: a {} has {} bytes, not {}", DescribeKey(module, key), what,
                                  wanted, value.size())),
      Reason::kInvalidChangeSet);
}

bool ValueRemovesRow(DataDb db, std::string_view value) {
  return (db == DataDb::kStorage && IsAllZero(value)) || (db == DataDb::kCode && value.empty());
}

}  // namespace flatkv
