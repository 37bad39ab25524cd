#include "flatkv/snapshot/intent.h"

#include <gtest/gtest.h>

#include <set>

#include "flatkv/fs/durable.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::HasReason;
using test::kStore;
using test::MemFileSystem;
using test::Reforge;
using test::StatusIs;
using test::WithChecksum;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

Intent Sample() {
  Intent intent;
  intent.kind = IntentKind::kReorg;
  intent.operation_id = "0123456789abcdef0123456789abcdef";
  intent.method = RollbackMethod::kUndo;
  intent.from = 120;
  intent.target = 110;
  intent.base = 100;
  intent.created_unix_seconds = 1767323045;
  return intent;
}

auto IsDamagedAt(const std::string& what) {
  return AllOf(StatusIs(StatusCode::kDataLoss, AllOf(HasSubstr("INTENT"), HasSubstr(what))),
               HasReason(Reason::kSnapshotCorrupt));
}

class IntentTest : public testing::Test {
 protected:
  IntentTest() { EXPECT_OK(MakeDirsDurably(disk_, kStore)); }
  MemFileSystem disk_;
};

TEST(Intent, ReadsBackWhatWasWritten) {
  for (const IntentKind kind : {IntentKind::kRollback, IntentKind::kReorg, IntentKind::kMigrate,
                                IntentKind::kReorgCommit}) {
    for (const RollbackMethod method : {RollbackMethod::kUndo, RollbackMethod::kReplay}) {
      for (const std::optional<Version>& base :
           {std::optional<Version>(), std::optional<Version>(0), std::optional<Version>(100)}) {
        Intent intent = Sample();
        intent.kind = kind;
        intent.method = method;
        intent.base = base;
        ASSERT_OK_AND_ASSIGN(const Intent decoded, DecodeIntent(EncodeIntent(intent), "INTENT"));
        EXPECT_EQ(decoded, intent);
      }
    }
  }
}

TEST(Intent, IsTheDocumentedText) {
  EXPECT_EQ(
      EncodeIntent(Sample()),
      WithChecksum("flatkv-intent 1\nkind = reorg\n"
                   "operation-id = 0123456789abcdef0123456789abcdef\nmethod = undo\n"
                   "from = 120\ntarget = 110\nbase = 100\ncreated-unix-seconds = 1767323045\n"));
}

TEST(Intent, RefusesEveryFlippedBitAndEveryCut) {
  const std::string text = EncodeIntent(Sample());
  for (size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_THAT(DecodeIntent(damaged, "INTENT"), IsDamagedAt("checksum"));
    }
    EXPECT_THAT(DecodeIntent(text.substr(0, at), "INTENT"), IsDamagedAt("checksum"));
  }
}

TEST(Intent, NamesTheFieldThatIsWrong) {
  const std::string text = EncodeIntent(Sample());
  const struct {
    std::string_view from, to, field;
  } cases[] = {
      {"kind = reorg", "kind = Reorg", "kind"},
      {"kind = reorg", "kind = ", "kind"},
      {"operation-id = 0", "operation-id = x", "operation-id"},
      {"operation-id = 0", "operation-id = ", "operation-id"},
      {"method = undo", "method = redo", "method"},
      {"from = 120", "from = -1", "from"},
      {"from = 120", "from = 109", "target"},
      {"target = 110", "target = 0110", "target"},
      {"target = 110\n", "", "target"},
      {"base = 100", "base = none", "base"},
      {"base = 100", "base = 111", "base"},
      {"created-unix-seconds = 1", "created-unix-seconds = +1", "created-unix-seconds"},
      {"created-unix-seconds = 1767323045\n", "created-unix-seconds = 1\nmore = 1\n", "last field"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(DecodeIntent(Reforge(text, c.from, c.to), "INTENT"),
                IsDamagedAt(std::string(c.field)))
        << c.from << " -> " << c.to;
  }
}

TEST(Intent, OfAnotherFormatIsIncompatible) {
  EXPECT_THAT(
      DecodeIntent(Reforge(EncodeIntent(Sample()), "flatkv-intent 1", "flatkv-intent 2"), "INTENT"),
      AllOf(StatusIs(StatusCode::kFailedPrecondition), HasReason(Reason::kIncompatibleFormat)));
}

TEST(Intent, OperationIdsDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewOperationId();
    EXPECT_EQ(id.size(), 32u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

TEST_F(IntentTest, IsThereFromWriteToClear) {
  EXPECT_EQ(*ReadIntent(disk_, kStore), std::nullopt);
  ASSERT_OK(WriteIntent(disk_, kStore, Sample()));
  EXPECT_THAT(*ReadIntent(disk_, kStore), Optional(Sample()));
  ASSERT_OK(ClearIntent(disk_, kStore));
  EXPECT_EQ(*ReadIntent(disk_, kStore), std::nullopt);
  EXPECT_OK(ClearIntent(disk_, kStore));
}

TEST_F(IntentTest, OnlyItsOwnOperationReplacesIt) {
  ASSERT_OK(WriteIntent(disk_, kStore, Sample()));
  Intent same = Sample();
  same.method = RollbackMethod::kReplay;
  EXPECT_OK(WriteIntent(disk_, kStore, same));
  Intent other = Sample();
  other.operation_id = NewOperationId();
  EXPECT_THAT(WriteIntent(disk_, kStore, other),
              AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr(same.operation_id)),
                    HasReason(Reason::kOperationInProgress)));
  EXPECT_THAT(*ReadIntent(disk_, kStore), Optional(same));
}

TEST_F(IntentTest, OneThatCouldNotBeReadIsNotWritten) {
  Intent intent = Sample();
  intent.operation_id = "../../etc";
  EXPECT_THAT(WriteIntent(disk_, kStore, intent),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("operation-id")));
  intent = Sample();
  intent.target = -1;
  EXPECT_THAT(WriteIntent(disk_, kStore, intent), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(*ReadIntent(disk_, kStore), std::nullopt);
}

TEST_F(IntentTest, ADamagedOneIsNamedAndNeverReplaced) {
  ASSERT_OK(WriteIntent(disk_, kStore, Sample()));
  disk_.FlipBit("/store/INTENT", 20, 0);
  EXPECT_THAT(ReadIntent(disk_, kStore), IsDamagedAt("checksum"));
  EXPECT_THAT(WriteIntent(disk_, kStore, Sample()), IsDamagedAt("checksum"));
  disk_.Overwrite("/store/INTENT", std::string(5000, 'x'));
  EXPECT_THAT(ReadIntent(disk_, kStore), IsDamagedAt("5000 bytes"));
  ASSERT_OK(ClearIntent(disk_, kStore));
  ASSERT_OK(disk_.Symlink("/elsewhere", "/store/INTENT"));
  EXPECT_THAT(ReadIntent(disk_, kStore), IsDamagedAt("regular"));
}

}  // namespace
}  // namespace flatkv
