#include "flatkv/codec/rows.h"

#include <gtest/gtest.h>

#include "flatkv/base/hex.h"
#include "flatkv/codec/meta_keys.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

AccountFields Fields(char nonce, char code_hash) {
  AccountFields fields;
  fields.nonce[7] = nonce;
  fields.code_hash.fill(code_hash);
  return fields;
}

std::string AccountRow(Version version, const AccountFields& fields) {
  char row[kContractRowBytes];
  return {row, WriteAccountRow(version, fields, row)};
}

TEST(Rows, AccountWithoutCodeHasTheCompactForm) {
  EXPECT_EQ(HexEncode(AccountRow(7, Fields(1, 0))),
            "000000000000000007" + std::string(64, '0') + "0000000000000001");
}

TEST(Rows, AccountWithCodeEndsWithTheCodeHash) {
  std::string code_hash;
  for (int i = 0; i < 32; ++i) {
    code_hash += "aa";
  }
  EXPECT_EQ(HexEncode(AccountRow(1, Fields(5, '\xaa'))),
            "000000000000000001" + std::string(64, '0') + "0000000000000005" + code_hash);
}

TEST(Rows, AccountRoundTripsInBothForms) {
  for (const char code_hash : {'\0', '\x01', '\xff'}) {
    const AccountFields fields = Fields(3, code_hash);
    const std::string row = AccountRow(9, fields);
    ASSERT_OK(ValidateRow(DataDb::kAccount, row));
    EXPECT_EQ(RowVersion(row), 9);
    const AccountFields decoded = DecodeAccountRow(row);
    EXPECT_EQ(decoded.nonce, fields.nonce);
    EXPECT_EQ(decoded.code_hash, fields.code_hash);
    EXPECT_EQ(decoded.balance, fields.balance);
  }
}

TEST(Rows, DecodingAcceptsOnlyWhatEncodingEmits) {
  const std::string header(kRowHeaderBytes, '\0');
  for (size_t bytes = 0; bytes <= 90; ++bytes) {
    const std::string row(bytes, '\0');
    EXPECT_EQ(ValidateRow(DataDb::kStorage, row).ok(), bytes == 41) << bytes;
    // A full account row of zeros holds a zero code hash, which is never stored.
    EXPECT_EQ(ValidateRow(DataDb::kAccount, row).ok(), bytes == 49) << bytes;
    EXPECT_EQ(ValidateRow(DataDb::kCode, row).ok(), bytes > 9) << bytes;
    EXPECT_EQ(ValidateRow(DataDb::kMisc, row).ok(), bytes >= 9) << bytes;
  }
  EXPECT_OK(ValidateRow(DataDb::kAccount, AccountRow(1, Fields(0, 1))));
  std::string unknown_format = AccountRow(1, Fields(1, 0));
  unknown_format[0] = 1;
  EXPECT_THAT(ValidateRow(DataDb::kAccount, unknown_format), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(ValidateRow(DataDb::kMisc, header.substr(1)), HasReason(Reason::kDataDbCorrupt));
}

TEST(Rows, ReadersSeeFieldsOfAccounts) {
  std::string value;
  const std::string plain = AccountRow(1, Fields(0, 0));
  EXPECT_TRUE(RowValue(Field::kNonce, plain, &value));
  EXPECT_EQ(value, std::string(8, '\0'));
  EXPECT_FALSE(RowValue(Field::kCodeHash, plain, &value));
  const std::string contract = AccountRow(1, Fields(2, '\x0c'));
  EXPECT_TRUE(RowValue(Field::kCodeHash, contract, &value));
  EXPECT_EQ(value, std::string(32, '\x0c'));
}

TEST(MetaKeys, ModuleRecordsRoundTripAndNothingElseParses) {
  for (const std::string module : {"evm", "x:y", "hash", "stats"}) {
    const std::string hash_key = MetaModuleHashKey(module);
    const std::string stats_key = MetaModuleStatsKey(module);
    EXPECT_TRUE(IsMetaKey(hash_key));
    ASSERT_TRUE(ParseMetaModuleKey(hash_key).has_value());
    EXPECT_EQ(ParseMetaModuleKey(hash_key)->module, module);
    EXPECT_EQ(ParseMetaModuleKey(hash_key)->record, MetaModuleRecord::kHash);
    EXPECT_EQ(ParseMetaModuleKey(stats_key)->record, MetaModuleRecord::kStats);
  }
  for (const std::string key :
       {"_meta/version", "_meta/hash", "_meta/x:evm", "_meta/x:evm/other", "_meta/x:a/b/hash"}) {
    EXPECT_FALSE(ParseMetaModuleKey(key).has_value()) << key;
  }
}

TEST(MetaKeys, StatsAreTwoBigEndianNumbers) {
  const std::string text = EncodeStats(1, 0x0203);
  EXPECT_EQ(HexEncode(text), "00000000000000010000000000000203");
  uint64_t rows = 0;
  uint64_t bytes = 0;
  DecodeStats(text, &rows, &bytes);
  EXPECT_EQ(rows, 1u);
  EXPECT_EQ(bytes, 0x0203u);
}

}  // namespace
}  // namespace flatkv::test
