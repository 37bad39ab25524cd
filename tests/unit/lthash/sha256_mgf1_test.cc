// Every sha256 kernel against MGF1 written out from RFC 8017, appendix B.2.1, over OpenSSL's EVP.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>

#include "flatkv/base/endian.h"
#include "flatkv/base/hex.h"
#include "flatkv/lthash/row_hasher.h"
#include "tests/unit/lthash/random_rows.h"

namespace flatkv {
namespace {

std::string EvpSha256(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                       &size, EVP_sha256(), nullptr),
            1);
  EXPECT_EQ(size, digest.size());
  return digest;
}

std::string Mgf1(const std::string& seed, size_t mask_size) {
  std::string mask;
  for (uint32_t counter = 0; mask.size() < mask_size; ++counter) {
    std::string octets(4, '\0');
    for (size_t i = 0; i < 4; ++i) octets[i] = static_cast<char>(counter >> (24 - 8 * i));
    mask += EvpSha256(seed + octets);
  }
  return mask.substr(0, mask_size);
}

std::string RowInput(const RowElement& row) {
  std::string input;
  AppendLe32(&input, static_cast<uint32_t>(row.key.size()));
  input += row.key;
  AppendLe32(&input, static_cast<uint32_t>(row.value.size()));
  input += row.value;
  return input;
}

TEST(Mgf1Sha256, TheReferenceItselfEqualsAKnownAnswer) {
  // MGF1-SHA-256 over "bar", 50 bytes, computed with Python's hashlib.
  EXPECT_EQ(HexEncode(Mgf1("bar", 50)),
            "382576a7841021cc28fc4c0948753fb8312090cea942ea4c4e735d10dc724b155f9f6069f289d61daca0cb"
            "814502ef"
            "04eae1");
}

TEST(Mgf1Sha256, EveryKernelEqualsTheRfc) {
  RandomRows random(21);
  for (const RowKernel& kernel : RowKernels(Suite::kSha256)) {
    for (const size_t value_size :
         {0U, 1U, 40U, 41U, 47U, 48U, 100U, 183U, 184U, 1000U, 1024U, 3000U, 70000U}) {
      const RowElement row = random.Row(random.Below(60), value_size, false);
      LtHash sum;
      kernel.accumulate({&row, 1}, &sum);
      EXPECT_EQ(sum, LtHash::FromBytes(Mgf1(EvpSha256(RowInput(row)), LtHash::kSizeBytes)))
          << kernel.name << ", key of " << row.key.size() << " and value of " << value_size
          << " bytes";
    }
  }
}

}  // namespace
}  // namespace flatkv
