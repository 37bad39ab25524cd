#include "flatkv/cache/row_fingerprint.h"

#include <sodium.h>

#include "flatkv/base/endian.h"

namespace flatkv {

StatusOr<RowFingerprinter> RowFingerprinter::Create() {
  if (sodium_init() < 0) {
    return Internal("row cache: libsodium finds no source of random bytes");
  }
  RowFingerprinter fingerprinter;
  for (Secret& secret : fingerprinter.secrets_) {
    static_assert(sizeof(Secret) == crypto_shorthash_siphashx24_KEYBYTES);
    randombytes_buf(secret.data(), secret.size());
  }
  return fingerprinter;
}

RowFingerprinter RowFingerprinter::FromSeed(uint64_t seed) {
  RowFingerprinter fingerprinter;
  for (Secret& secret : fingerprinter.secrets_) {
    StoreLe64(secret.data(), seed++);
  }
  return fingerprinter;
}

RowFingerprint RowFingerprinter::Of(DataDb db, std::string_view key) const {
  std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> hash;
  crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(key.data()),
                              key.size(), secrets_[IndexOf(db)].data());
  return {LoadLe64(hash.data()), LoadLe64(hash.data() + 8)};
}

}  // namespace flatkv
