// SHA256_Init and its kin are deprecated in OpenSSL 3 in favour of EVP, but a row needs 65 digests
// of one or two blocks, and there EVP's dispatch adds half again: 8.7 us a row against 5.6. This
// macro is OpenSSL's own way of saying that the choice is deliberate.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "flatkv/lthash/sha256_openssl.h"

#include <openssl/sha.h>

#include <cstring>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/lthash/row_input.h"

namespace flatkv::internal {

Digest Sha256Seed(const RowElement& row) {
  const RowInputPieces input(row);
  SHA256_CTX context;
  FLATKV_CHECK(SHA256_Init(&context) == 1);
  for (const std::string_view piece : input.pieces()) {
    FLATKV_CHECK(SHA256_Update(&context, piece.data(), piece.size()) == 1);
  }
  Digest seed;
  FLATKV_CHECK(SHA256_Final(seed.data(), &context) == 1);
  return seed;
}

void AccumulateSha256OpenSsl(std::span<const RowElement> elements, LtHash* sum) {
  constexpr size_t kLanesPerDigest = SHA256_DIGEST_LENGTH / sizeof(uint16_t);
  for (const RowElement& row : elements) {
    const Digest seed = Sha256Seed(row);
    SHA256_CTX seeded;
    FLATKV_CHECK(SHA256_Init(&seeded) == 1);
    FLATKV_CHECK(SHA256_Update(&seeded, seed.data(), seed.size()) == 1);

    LtHash expansion;
    for (uint32_t i = 0; i < LtHash::kLanes / kLanesPerDigest; ++i) {
      SHA256_CTX context = seeded;
      const uint32_t counter = __builtin_bswap32(i);
      FLATKV_CHECK(SHA256_Update(&context, &counter, sizeof(counter)) == 1);
      Digest digest;
      FLATKV_CHECK(SHA256_Final(digest.data(), &context) == 1);
      std::memcpy(expansion.lanes() + i * kLanesPerDigest, digest.data(), digest.size());
    }
    if (row.subtract) {
      *sum -= expansion;
    } else {
      *sum += expansion;
    }
  }
}

}  // namespace flatkv::internal
