// Records of the hash log: what is encoded is decoded, nothing else is; applying a record gives the
// sums after it.
#include "flatkv/store/hash_record.h"

#include <gtest/gtest.h>

#include "flatkv/store/sums_of.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

RowSums SomeSums(uint8_t byte) {
  RowSums sums;
  sums.checksum.fill(byte);
  sums.rows = byte;
  sums.bytes = uint64_t{byte} * 100;
  return sums;
}

StateSums SomeState() {
  StateSums state;
  state[1].total.checksum.fill(9);
  state[1].modules = {{"evm", SomeSums(3)}};
  state[3].total.checksum.fill(8);
  state[3].modules = {{"bank", SomeSums(1)}, {"staking", SomeSums(2)}};
  for (DbSums& db : state) {
    AddUpModules(&db);
  }
  return state;
}

StateSums After(const HashRecord& record, StateSums sums) {
  ApplyHashRecord(record, &sums);
  return sums;
}

TEST(HashRecord, ARecordOfAllGivesTheSumsWhateverWasBefore) {
  const StateSums state = SomeState();
  ASSERT_OK_AND_ASSIGN(const HashRecord record, DecodeHashRecord(EncodeHashRecord(AllOf(state))));
  EXPECT_EQ(record.kind, HashRecordKind::kAll);
  EXPECT_EQ(After(record, {}), state);
  StateSums other;
  other[3].modules = {{"gone", SomeSums(7)}};
  EXPECT_EQ(After(record, other), state);
}

TEST(HashRecord, AChangeLeavesWhatItDoesNotNameAndTakesOutModulesWithoutRows) {
  HashRecord change;
  change.kind = HashRecordKind::kChanges;
  change.dbs[3] = {SomeSums(5).checksum, {{"bank", SomeSums(4)}, {"staking", RowSums()}}};
  ASSERT_OK_AND_ASSIGN(const HashRecord record, DecodeHashRecord(EncodeHashRecord(change)));
  const StateSums after = After(record, SomeState());
  EXPECT_EQ(after[1], SomeState()[1]);
  EXPECT_EQ(after[3].modules.size(), 1u);
  EXPECT_EQ(after[3].modules.at("bank"), SomeSums(4));
  EXPECT_EQ(after[3].total, (RowSums{SomeSums(5).checksum, 4, 400}));
}

TEST(HashRecord, ARecordOfARootOnlyIsOneByte) {
  EXPECT_EQ(EncodeHashRecord(HashRecord()).size(), 1u);
  ASSERT_OK_AND_ASSIGN(const HashRecord record, DecodeHashRecord(std::string(1, '\0')));
  EXPECT_EQ(record.kind, HashRecordKind::kRootOnly);
}

TEST(HashRecord, RefusesWhatItWouldNotWrite) {
  const std::string good = EncodeHashRecord(AllOf(SomeState()));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(DecodeHashRecord(good.substr(0, size)), StatusIs(StatusCode::kDataLoss)) << size;
  }
  EXPECT_THAT(DecodeHashRecord(good + "x"), StatusIs(StatusCode::kDataLoss));
  std::string unknown_kind = good;
  unknown_kind[0] = 3;
  EXPECT_THAT(DecodeHashRecord(unknown_kind), StatusIs(StatusCode::kDataLoss));
  std::string half = good;
  half[1] = 0;  // a record of all without the first data DB
  EXPECT_THAT(DecodeHashRecord(half), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeHashRecord(std::string("\1\2\0\0\0", 5)), StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace flatkv::test
