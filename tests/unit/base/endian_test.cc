#include "flatkv/base/endian.h"

#include <gtest/gtest.h>

#include <string>

namespace flatkv {
namespace {

// At an odd address, so that an aligned access would be caught by the sanitizers.
const std::string kBytes("x\x01\x02\x03\x04\x05\x06\x07\x08", 9);

TEST(Endian, LoadsLittleEndianAtUnalignedAddresses) {
  EXPECT_EQ(LoadLe16(kBytes.data() + 1), 0x0201U);
  EXPECT_EQ(LoadLe32(kBytes.data() + 1), 0x04030201U);
  EXPECT_EQ(LoadLe64(kBytes.data() + 1), 0x0807060504030201U);
}

TEST(Endian, LoadsBigEndianAtUnalignedAddresses) {
  EXPECT_EQ(LoadBe64(kBytes.data() + 1), 0x0102030405060708U);
}

TEST(Endian, StoresTheBytesInTheOrderOfItsName) {
  std::string bytes(9, 'x');
  StoreLe64(bytes.data() + 1, 0x0807060504030201U);
  EXPECT_EQ(bytes, kBytes);
  StoreBe64(bytes.data() + 1, 0x0102030405060708U);
  EXPECT_EQ(bytes, kBytes);
  StoreLe32(bytes.data() + 1, 0xddccbbaaU);
  EXPECT_EQ(bytes, "x\xaa\xbb\xcc\xdd\x05\x06\x07\x08");
}

TEST(Endian, AppendsTheBytesInTheOrderOfItsName) {
  std::string bytes = "x";
  AppendLe32(&bytes, 0x04030201U);
  AppendLe64(&bytes, 0x0807060504030201U);
  AppendBe64(&bytes, 0x0102030405060708U);
  std::string expected("x");
  expected.append(kBytes, 1, 4).append(kBytes, 1).append(kBytes, 1);
  EXPECT_EQ(bytes, expected);
}

}  // namespace
}  // namespace flatkv
