#include "flatkv/codec/keys.h"

#include <gtest/gtest.h>

#include "flatkv/base/hex.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

const std::string kAddress(20, '\x11');
const std::string kSlot(32, '\x22');

struct Mapping {
  const char* name;
  std::string module;
  std::string key;
  DataDb db;
  Field field;
  std::string physical;
};

class KeyMappingTest : public ::testing::TestWithParam<Mapping> {};

TEST_P(KeyMappingTest, MapsModuleAndKeyToItsRow) {
  const Mapping& m = GetParam();
  ASSERT_OK(ValidateModule(m.module));
  ASSERT_OK(ValidateKey(m.module, m.key));
  const RowTarget target = TargetOf(m.module, m.key);
  EXPECT_EQ(target.db, m.db);
  EXPECT_EQ(target.field, m.field);
  EXPECT_EQ(HexEncode(PhysicalKey(m.module, m.key)), HexEncode(m.physical));
  EXPECT_EQ(ModuleOf(m.physical), m.module);
}

INSTANTIATE_TEST_SUITE_P(
    Section, KeyMappingTest,
    ::testing::Values(
        Mapping{"Storage", "evm", "\x03" + kAddress + kSlot, DataDb::kStorage, Field::kWhole,
                "evm/\x03" + kAddress + kSlot},
        Mapping{"Nonce", "evm", "\x0a" + kAddress, DataDb::kAccount, Field::kNonce,
                "evm/\x0a" + kAddress},
        Mapping{"CodeHash", "evm", "\x08" + kAddress, DataDb::kAccount, Field::kCodeHash,
                "evm/\x0a" + kAddress},
        Mapping{"Code", "evm", "\x07" + kAddress, DataDb::kCode, Field::kWhole,
                "evm/\x07" + kAddress},
        Mapping{"UnknownPrefix", "evm", "\x01" + kAddress, DataDb::kMisc, Field::kWhole,
                "evm/\x01" + kAddress},
        Mapping{"StorageTooShort", "evm", "\x03" + kAddress, DataDb::kMisc, Field::kWhole,
                "evm/\x03" + kAddress},
        Mapping{"StorageTooLong", "evm", "\x03" + kAddress + kSlot + "x", DataDb::kMisc,
                Field::kWhole, "evm/\x03" + kAddress + kSlot + "x"},
        Mapping{"NonceTooLong", "evm", "\x0a" + kAddress + "x", DataDb::kMisc, Field::kWhole,
                "evm/\x0a" + kAddress + "x"},
        Mapping{"CodeHashTooShort", "evm", "\x08", DataDb::kMisc, Field::kWhole, "evm/\x08"},
        Mapping{"CodeLengthOfStorage", "evm", "\x07" + kAddress + kSlot, DataDb::kMisc,
                Field::kWhole, "evm/\x07" + kAddress + kSlot},
        Mapping{"OtherModule", "bank", "\x03" + kAddress + kSlot, DataDb::kMisc, Field::kWhole,
                "bank/\x03" + kAddress + kSlot},
        Mapping{"EmptyKeyOfOtherModule", "bank", "", DataDb::kMisc, Field::kWhole, "bank/"},
        Mapping{"SlashInKey", "bank", "a/b", DataDb::kMisc, Field::kWhole, "bank/a/b"},
        Mapping{"ModuleLikeEvm", "evm2", "\x0a" + kAddress, DataDb::kMisc, Field::kWhole,
                "evm2/\x0a" + kAddress}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Keys, RefusesModuleNamesThatWouldCollide) {
  for (const std::string module : {"", "_meta", "a/b", "/"}) {
    EXPECT_THAT(ValidateModule(module), HasReason(Reason::kInvalidChangeSet)) << module;
  }
  EXPECT_OK(ValidateModule("_metadata"));
}

TEST(Keys, RefusesAnEmptyEvmKeyOnly) {
  EXPECT_THAT(ValidateKey("evm", ""),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("empty key")));
  EXPECT_OK(ValidateKey("bank", ""));
}

TEST(Keys, DescribesLongKeysShortly) {
  EXPECT_EQ(DescribeKey("bank", "k"), "bank key 6b (1 bytes)");
  EXPECT_LT(DescribeKey("bank", std::string(10'000, 'k')).size(), 200u);
}

}  // namespace
}  // namespace flatkv::test
