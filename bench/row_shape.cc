#include "bench/row_shape.h"

#include <algorithm>
#include <cstring>

#include "flatkv/base/endian.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"

namespace flatkv::bench {
namespace {

constexpr size_t kCodeBytesMin = 256;
constexpr size_t kCodeBytesMax = 24'576;  // EIP-170
constexpr char kFiller = 0x5a;
// Bank balances: 0x02, the length of an address, the address, the denomination.
constexpr char kBalancePrefix[] = {0x02, kAddressBytes};
constexpr std::string_view kDenomination = "wei";

char* Extend(size_t bytes, std::vector<char>* out) {
  out->resize(out->size() + bytes, kFiller);
  return out->data() + out->size() - bytes;
}

size_t AppendEvmKey(char prefix, uint64_t row, size_t bytes, std::vector<char>* out) {
  char* const key = Extend(bytes, out);
  key[0] = prefix;
  StoreBe64(key + 1, Mix(row));
  return bytes;
}

size_t ValueBytes(RowKind kind, Random* random) {
  switch (kind) {
    case RowKind::kStorage:
      return kStorageValueBytes;
    case RowKind::kNonce:
      return kNonceBytes;
    case RowKind::kCodeHash:
      return kCodeHashBytes;
    case RowKind::kBalance:
      return 16;
    case RowKind::kCode:
      break;
  }
  const size_t base = kCodeBytesMin << random->Below(7);
  return std::min(base + random->Below(base), kCodeBytesMax);
}

}  // namespace

RowKind KindOf(Shape shape, uint64_t row) {
  if (shape == Shape::kStorage) {
    return RowKind::kStorage;
  }
  const uint64_t percent = Mix(~row) % 100;
  return percent < 65   ? RowKind::kStorage
         : percent < 83 ? RowKind::kNonce
         : percent < 84 ? RowKind::kCodeHash
         : percent < 85 ? RowKind::kCode
                        : RowKind::kBalance;
}

std::string_view ModuleOf(RowKind kind) { return kind == RowKind::kBalance ? "bank" : kEvmModule; }

size_t AppendKey(RowKind kind, uint64_t row, uint64_t seed, std::vector<char>* out) {
  switch (kind) {
    case RowKind::kStorage: {
      const size_t bytes = AppendEvmKey(kStoragePrefix, row, 1 + kAddressBytes + kSlotBytes, out);
      StoreBe64(out->data() + out->size() - kSlotBytes, Mix(row ^ seed));
      return bytes;
    }
    case RowKind::kNonce:
      return AppendEvmKey(kNoncePrefix, row, 1 + kAddressBytes, out);
    case RowKind::kCodeHash:
      return AppendEvmKey(kCodeHashPrefix, row, 1 + kAddressBytes, out);
    case RowKind::kCode:
      return AppendEvmKey(kCodePrefix, row, 1 + kAddressBytes, out);
    case RowKind::kBalance:
      break;
  }
  const size_t bytes = sizeof(kBalancePrefix) + kAddressBytes + kDenomination.size();
  char* const key = Extend(bytes, out);
  std::memcpy(key, kBalancePrefix, sizeof(kBalancePrefix));
  StoreBe64(key + sizeof(kBalancePrefix), Mix(row));
  std::memcpy(key + bytes - kDenomination.size(), kDenomination.data(), kDenomination.size());
  return bytes;
}

size_t AppendValue(RowKind kind, Random* random, std::vector<char>* out) {
  const size_t bytes = ValueBytes(kind, random);
  char* const value = Extend(bytes, out);
  for (size_t i = 0; i < bytes; i += 8) {
    char word[8];
    StoreLe64(word, random->Next() | 1);  // never all zero: that would remove the row
    std::memcpy(value + i, word, std::min<size_t>(8, bytes - i));
  }
  return bytes;
}

}  // namespace flatkv::bench
