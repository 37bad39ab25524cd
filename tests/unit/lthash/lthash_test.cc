#include "flatkv/lthash/lthash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "flatkv/lthash/row_hasher.h"
#include "tests/unit/lthash/random_rows.h"

namespace flatkv {
namespace {

LtHash RandomHash(uint64_t seed) {
  RandomRows random(seed);
  LtHash hash;
  for (size_t i = 0; i < LtHash::kLanes; ++i) {
    hash.lanes()[i] = static_cast<uint16_t>(random.Below(65536));
  }
  return hash;
}

LtHash HashOf(Suite suite, std::span<const RowElement> rows) {
  LtHash sum;
  RowHasher(suite).Accumulate(rows, &sum);
  return sum;
}

TEST(LtHash, StartsAsTheEmptySet) {
  const LtHash hash;
  EXPECT_TRUE(hash.IsZero());
  EXPECT_EQ(hash.bytes(), std::string(LtHash::kSizeBytes, '\0'));
}

TEST(LtHash, AnySetBitIsNotZero) {
  for (const size_t lane : {size_t{0}, size_t{511}, LtHash::kLanes - 1}) {
    LtHash hash;
    hash.lanes()[lane] = 0x8000;
    EXPECT_FALSE(hash.IsZero()) << lane;
    EXPECT_NE(hash, LtHash()) << lane;
  }
}

TEST(LtHash, LanesWrapAround) {
  LtHash one;
  one.lanes()[3] = 1;
  LtHash hash;
  hash -= one;
  EXPECT_EQ(hash.lanes()[3], 0xffff);
  EXPECT_EQ(hash.lanes()[2], 0);
  EXPECT_EQ(hash.lanes()[4], 0);
  hash += one;
  EXPECT_TRUE(hash.IsZero());
}

TEST(LtHash, BytesAreLittleEndianLanesAndRoundTrip) {
  LtHash hash = RandomHash(1);
  hash.lanes()[1] = 0x1234;
  EXPECT_EQ(hash.bytes().substr(2, 2), "\x34\x12");
  EXPECT_EQ(LtHash::FromBytes(hash.bytes()), hash);
}

TEST(LtHash, AdditionCommutesAndAssociates) {
  const LtHash a = RandomHash(1);
  const LtHash b = RandomHash(2);
  const LtHash c = RandomHash(3);
  LtHash left = a;
  left += b;
  left += c;
  LtHash right = c;
  right += b;
  right += a;
  EXPECT_EQ(left, right);
  EXPECT_NE(left, a);
}

TEST(LtHash, SubtractionUndoesAddition) {
  const LtHash a = RandomHash(1);
  const LtHash b = RandomHash(2);
  LtHash hash = a;
  hash += b;
  hash -= b;
  EXPECT_EQ(hash, a);
  hash -= a;
  EXPECT_TRUE(hash.IsZero());
}

TEST(LtHash, CopyIsDeep) {
  LtHash original = RandomHash(1);
  const LtHash copy = original;
  original.lanes()[7] ^= 1;
  EXPECT_NE(copy, original);
  EXPECT_EQ(copy, RandomHash(1));
}

class RowHasherAlgebra : public testing::TestWithParam<Suite> {};

TEST_P(RowHasherAlgebra, OrderOfRowsDoesNotMatter) {
  RandomRows random(11);
  std::vector<RowElement> rows = random.Batch(40);
  const LtHash forward = HashOf(GetParam(), rows);
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(HashOf(GetParam(), rows), forward);
  EXPECT_FALSE(forward.IsZero());
}

TEST_P(RowHasherAlgebra, AddingThenSubtractingIsTheIdentity) {
  RandomRows random(12);
  std::vector<RowElement> rows = random.Batch(40);
  const LtHash before = RandomHash(9);
  LtHash sum = before;
  const RowHasher hasher(GetParam());
  hasher.Accumulate(rows, &sum);
  EXPECT_NE(sum, before);
  for (RowElement& row : rows) row.subtract = !row.subtract;
  hasher.Accumulate(rows, &sum);
  EXPECT_EQ(sum, before);
}

TEST_P(RowHasherAlgebra, SplittingABatchOverSumsChangesNothing) {
  RandomRows random(13);
  const std::vector<RowElement> rows = random.Batch(100);
  const LtHash whole = HashOf(GetParam(), rows);
  for (const size_t part_size : {1U, 3U, 16U, 17U, 64U, 99U}) {
    LtHash total;
    for (size_t at = 0; at < rows.size(); at += part_size) {
      const size_t size = std::min(part_size, rows.size() - at);
      total += HashOf(GetParam(), std::span(rows).subspan(at, size));
    }
    EXPECT_EQ(total, whole) << "in parts of " << part_size;
  }
}

TEST_P(RowHasherAlgebra, TheBorderBetweenKeyAndValueCounts) {
  const RowElement left[] = {{"ab", "c"}};
  const RowElement right[] = {{"a", "bc"}};
  EXPECT_NE(HashOf(GetParam(), left), HashOf(GetParam(), right));
}

TEST_P(RowHasherAlgebra, ChecksumIsOfAllTheBytes) {
  const RowHasher hasher(GetParam());
  const LtHash hash = RandomHash(5);
  LtHash other = hash;
  other.lanes()[LtHash::kLanes - 1] ^= 0x8000;
  EXPECT_NE(hasher.Checksum(hash), hasher.Checksum(other));
  EXPECT_EQ(hasher.Checksum(hash), hasher.Checksum(RandomHash(5)));
}

INSTANTIATE_TEST_SUITE_P(Suites, RowHasherAlgebra, testing::Values(Suite::kSha256, Suite::kBlake3),
                         [](const auto& suite) { return std::string(SuiteName(suite.param)); });

}  // namespace
}  // namespace flatkv
