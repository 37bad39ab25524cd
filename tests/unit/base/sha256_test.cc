// Known answers from NIST's example computations for FIPS 180-4.
#include "flatkv/base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "flatkv/base/hex.h"

namespace flatkv {
namespace {

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

TEST(Sha256, GivesTheKnownAnswers) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HashesPartsAsTheirConcatenation) {
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256("abc"));
  EXPECT_EQ(Sha256(std::initializer_list<std::string_view>{}), Sha256(""));
}

TEST(Sha256, KeepsNothingFromTheCallBefore) {
  const Digest first = Sha256("abc");
  static_cast<void>(Sha256("something else"));
  EXPECT_EQ(Sha256("abc"), first);
}

}  // namespace
}  // namespace flatkv
