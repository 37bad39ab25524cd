// The stored bytes of rows. Format: docs/format.md, "Values": one format byte (0), the version that
// last wrote the row (8 bytes), the fields; integers big-endian. Decoding accepts only what
// encoding emits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/codec/keys.h"

namespace flatkv {

inline constexpr size_t kRowHeaderBytes = 1 + 8;
inline constexpr size_t kStorageValueBytes = 32;
inline constexpr size_t kStorageRowBytes = kRowHeaderBytes + kStorageValueBytes;
inline constexpr size_t kBalanceBytes = 32;
inline constexpr size_t kNonceBytes = 8;
inline constexpr size_t kCodeHashBytes = 32;
inline constexpr size_t kAccountRowBytes =
    kRowHeaderBytes + kBalanceBytes + kNonceBytes;  // no code hash
inline constexpr size_t kContractRowBytes = kAccountRowBytes + kCodeHashBytes;
static_assert(kStorageRowBytes == 41 && kAccountRowBytes == 49 && kContractRowBytes == 81);

bool IsAllZero(std::string_view bytes);

// The fields of an account row, each in its stored form.
struct AccountFields {
  std::array<char, kBalanceBytes> balance{};
  std::array<char, kNonceBytes> nonce{};
  std::array<char, kCodeHashBytes> code_hash{};

  bool IsZero() const;
  bool HasCode() const;
};

// Writes the header that every row begins with. `out` has room for kRowHeaderBytes.
void WriteRowHeader(Version version, char* out);
// The bytes of an account row: kAccountRowBytes or kContractRowBytes; written to `out`, which has
// room for the latter.
size_t WriteAccountRow(Version version, const AccountFields& fields, char* out);

// Checks the format byte and the length that the DB demands. Errors: kDataLoss.
Status ValidateRow(DataDb db, std::string_view row);
// REQUIRES for the next three: ValidateRow(...) is OK.
Version RowVersion(std::string_view row);
AccountFields DecodeAccountRow(std::string_view row);
// What a reader of the pair's key sees: the value of a whole row, or one field of an account (eight
// bytes of nonce; the code hash, nothing if it is zero).
bool RowValue(Field field, std::string_view row, std::string* value);

// Errors: kInvalidArgument with Reason::kInvalidChangeSet and the key for a value of the wrong
// length (nonce 8, code hash 32, storage 32). A removal has no value.
Status ValidateValue(RowTarget target, std::string_view module, std::string_view key,
                     std::string_view value);
// Whether writing `value` removes a row other than an account's: 32 zero bytes of storage, empty
// byte code.
bool ValueRemovesRow(DataDb db, std::string_view value);

}  // namespace flatkv
