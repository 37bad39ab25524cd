// Goal: every row that a store writes passes, and what a store never writes does not.
#include "flatkv/codec/row_check.h"

#include <gtest/gtest.h>

#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

const std::string kAddress(kAddressBytes, '\x11');
const std::string kSlot(kSlotBytes, '\x22');

std::string Row(Version version, const std::string& fields) {
  std::string row(kRowHeaderBytes, '\0');
  WriteRowHeader(version, row.data());
  return row + fields;
}

TEST(DataDbOfPhysicalKey, IsTheOneThatTheKeyIsWrittenTo) {
  const std::pair<std::string, std::string> pairs[] = {
      {"evm", "\x03" + kAddress + kSlot},
      {"evm", "\x07" + kAddress},
      {"evm", "\x08" + kAddress},
      {"evm", "\x0a" + kAddress},
      {"evm", "\x0a"},
      {"bank", ""},
      {"bank", "a/b"},
  };
  for (const auto& [module, key] : pairs) {
    const StatusOr<DataDb> db = DataDbOfPhysicalKey(PhysicalKey(module, key));
    ASSERT_THAT(db, IsOk());
    EXPECT_EQ(*db, TargetOf(module, key).db);
  }
}

TEST(DataDbOfPhysicalKey, RefusesWhatNoKeyIsWrittenTo) {
  for (const std::string& key :
       {std::string(), std::string("bank"), std::string("/k"), std::string("_meta/version"),
        std::string("evm/"), "evm/\x08" + kAddress}) {
    EXPECT_THAT(DataDbOfPhysicalKey(key), StatusIs(StatusCode::kDataLoss)) << key;
  }
}

TEST(CheckStoredRow, TakesRowsUpToTheVersionOfTheState) {
  EXPECT_THAT(CheckStoredRow(DataDb::kMisc, Row(1, ""), 1), IsOk());
  EXPECT_THAT(CheckStoredRow(DataDb::kStorage, Row(3, std::string(32, '\x01')), 3), IsOk());
  EXPECT_THAT(CheckStoredRow(DataDb::kMisc, Row(4, "v"), 3),
              StatusIs(StatusCode::kDataLoss, HasSubstr("of version 4")));
  EXPECT_THAT(CheckStoredRow(DataDb::kMisc, Row(0, "v"), 3), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(CheckStoredRow(DataDb::kMisc, Row(-1, "v"), 3), StatusIs(StatusCode::kDataLoss));
}

TEST(CheckStoredRow, RefusesRowsThatAreStoredAsNoRow) {
  EXPECT_THAT(CheckStoredRow(DataDb::kStorage, Row(1, std::string(32, '\0')), 1),
              StatusIs(StatusCode::kDataLoss, HasSubstr("no row")));
  EXPECT_THAT(CheckStoredRow(DataDb::kAccount, Row(1, std::string(40, '\0')), 1),
              StatusIs(StatusCode::kDataLoss, HasSubstr("no row")));
  EXPECT_THAT(CheckStoredRow(DataDb::kCode, Row(1, ""), 1), StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace flatkv::test
