#include "flatkv/base/sha256.h"

#include <openssl/evp.h>

#include <memory>

#include "flatkv/base/check.h"

namespace flatkv {

Digest Sha256(std::initializer_list<std::string_view> parts) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  // One context a thread: EVP allocation costs more than hashing a short input.
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  static const EVP_MD* const kMethod = EVP_sha256();
  Digest digest;
  FLATKV_CHECK(EVP_DigestInit_ex(context.get(), kMethod, nullptr) == 1);
  for (const std::string_view part : parts) {
    FLATKV_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  FLATKV_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

}  // namespace flatkv
