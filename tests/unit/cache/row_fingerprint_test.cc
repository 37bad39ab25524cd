#include "flatkv/cache/row_fingerprint.h"

#include <set>
#include <string>
#include <utility>

#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

TEST(RowFingerprint, IsTheSameForTheSameKey) {
  ASSERT_OK_AND_ASSIGN(const RowFingerprinter fingerprinter, RowFingerprinter::Create());
  EXPECT_EQ(fingerprinter.Of(DataDb::kMisc, "key"),
            fingerprinter.Of(DataDb::kMisc, std::string("key")));
  EXPECT_EQ(fingerprinter.Of(DataDb::kMisc, ""), fingerprinter.Of(DataDb::kMisc, {}));
}

TEST(RowFingerprint, DiffersBetweenKeysAndDataDbs) {
  ASSERT_OK_AND_ASSIGN(const RowFingerprinter fingerprinter, RowFingerprinter::Create());
  std::set<std::pair<uint64_t, uint64_t>> seen;
  std::set<uint64_t> low;
  std::set<uint64_t> high;
  size_t made = 0;
  std::string key;
  for (int length = 0; length < 300; ++length, key.push_back('\0')) {
    for (const DataDb db : kAllDataDbs) {
      const RowFingerprint fingerprint = fingerprinter.Of(db, key);
      seen.emplace(fingerprint.low, fingerprint.high);
      low.insert(fingerprint.low);
      high.insert(fingerprint.high);
      ++made;
    }
  }
  EXPECT_EQ(seen.size(), made);
  EXPECT_EQ(low.size(), made);
  EXPECT_EQ(high.size(), made);
}

TEST(RowFingerprint, HasASecretOfItsOwnEachTime) {
  ASSERT_OK_AND_ASSIGN(const RowFingerprinter first, RowFingerprinter::Create());
  ASSERT_OK_AND_ASSIGN(const RowFingerprinter second, RowFingerprinter::Create());
  EXPECT_NE(first.Of(DataDb::kMisc, "key"), second.Of(DataDb::kMisc, "key"));
}

}  // namespace
}  // namespace flatkv::test
