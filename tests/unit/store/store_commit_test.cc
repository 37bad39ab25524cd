// The rules of committing: order, repetition, refusal. A refused call changes nothing.
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/mem_file_system.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

const std::string kAddress(20, '\x11');
const std::string kSlot(32, '\x22');

OwnedBlock Block(Version version, const std::string& value) {
  OwnedBlock block(version);
  block.Set("bank", "k", value);
  return block;
}

class StoreCommitTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    if (store_ != nullptr) {
      ASSERT_OK(store_->Close());
      store_.reset();
    }
    ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
  }

  // The call must fail like this and leave head, pending version and working root as they were.
  template <typename Call>
  void ExpectRefused(StatusCode code, Reason reason, const std::string& message, const Call& call) {
    const StoreInfo before = store_->Info();
    const VersionRoot working = store_->WorkingRoot();
    const Status status = StatusOf(call());
    EXPECT_THAT(status, StatusIs(code, HasSubstr(message)));
    EXPECT_THAT(status, HasReason(reason));
    const StoreInfo after = store_->Info();
    EXPECT_EQ(after.version, before.version);
    EXPECT_EQ(after.root, before.root);
    EXPECT_EQ(after.pending_version, before.pending_version);
    EXPECT_EQ(store_->WorkingRoot().root, working.root);
  }

  MemFileSystem fs_;
  StoreOptions options_ = SmallStoreOptions();
  std::unique_ptr<Store> store_;
};

TEST_F(StoreCommitTest, AFreshStoreHasTheEmptyRootAtVersionZero) {
  const StoreInfo info = store_->Info();
  EXPECT_EQ(info.version, 0);
  EXPECT_EQ(info.oldest_version, 0);
  // lthash.json, case "empty".
  EXPECT_EQ(Hex(info.root), "e5a00aa9991ac8a5ee3109844d84a55583bd20572ad3ffcd42792f3c36b183ad");
}

TEST_F(StoreCommitTest, RefusesAVersionGapNamingTheExpectedVersion) {
  ASSERT_OK(CommitOwned(*store_, Block(1, "a")));
  for (const Version version : {Version{3}, Version{100}, std::numeric_limits<Version>::max()}) {
    ExpectRefused(StatusCode::kFailedPrecondition, Reason::kVersionGap, "send version 2",
                  [&] { return CommitOwned(*store_, Block(version, "b")); });
    const auto refused = store_->Commit(version);
    EXPECT_EQ(ExpectedVersionOf(refused.status()), 2);
    ExpectRefused(StatusCode::kFailedPrecondition, Reason::kVersionGap, "send version 2",
                  [&] { return store_->ApplyChangeSets(version, {}); });
  }
}

TEST_F(StoreCommitTest, RecommitWithTheSameContentAnswersTheSameRootAlsoAfterReopening) {
  ASSERT_OK_AND_ASSIGN(const CommitResult first, CommitOwned(*store_, Block(1, "a")));
  ASSERT_OK(CommitOwned(*store_, Block(2, "b")));
  EXPECT_FALSE(first.already_committed);
  for (int round = 0; round < 2; ++round) {
    ASSERT_OK_AND_ASSIGN(const CommitResult again, CommitOwned(*store_, Block(1, "a")));
    EXPECT_TRUE(again.already_committed);
    EXPECT_EQ(again.root, first.root);
    ASSERT_OK_AND_ASSIGN(const CommitResult bare, store_->Commit(1));
    EXPECT_TRUE(bare.already_committed);
    EXPECT_EQ(bare.root, first.root);
    ASSERT_OK(store_->ApplyChangeSets(1, Block(1, "a").changes()));
    ASSERT_OK_AND_ASSIGN(const CommitResult split, store_->Commit(1));
    EXPECT_EQ(split.root, first.root);
    EXPECT_EQ(store_->Info().version, 2);
    Reopen();
  }
}

TEST_F(StoreCommitTest, RecommitWithOtherContentIsAConflictNamingBothDigests) {
  ASSERT_OK(CommitOwned(*store_, Block(1, "a")));
  ExpectRefused(StatusCode::kAlreadyExists, Reason::kVersionConflict, "committed digest",
                [&] { return CommitOwned(*store_, Block(1, "b")); });
  ASSERT_OK(store_->ApplyChangeSets(1, Block(1, "b").changes()));
  ExpectRefused(StatusCode::kAlreadyExists, Reason::kVersionConflict, "this request's digest",
                [&] { return store_->Commit(1); });
}

TEST_F(StoreCommitTest, AVersionBelowTheFirstIsPruned) {
  ASSERT_OK(CommitOwned(*store_, Block(1, "a")));
  EXPECT_THAT(CommitOwned(*store_, Block(0, "a")), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(store_->RootAt(-1), HasReason(Reason::kVersionPruned));
  EXPECT_THAT(store_->RootAt(2), HasReason(Reason::kVersionAboveHead));
}

TEST_F(StoreCommitTest, AnEmptyVersionKeepsTheRoot) {
  ASSERT_OK_AND_ASSIGN(const CommitResult first, CommitOwned(*store_, Block(1, "a")));
  ASSERT_OK_AND_ASSIGN(const CommitResult empty, store_->Commit(2));
  EXPECT_EQ(empty.root, first.root);
  ASSERT_OK_AND_ASSIGN(const CommitResult block, store_->CommitBlock(3, {}));
  EXPECT_EQ(block.root, first.root);
  Reopen();
  EXPECT_EQ(store_->Info().version, 3);
}

TEST_F(StoreCommitTest, ARepeatedApplyChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const AppliedResult once,
                       store_->ApplyChangeSets(1, Block(1, "a").changes()));
  ASSERT_OK_AND_ASSIGN(const AppliedResult twice,
                       store_->ApplyChangeSets(1, Block(1, "a").changes()));
  EXPECT_EQ(once.working_root, twice.working_root);
  ASSERT_OK(store_->Commit(1));
  // The content digest is that of one call.
  ASSERT_OK_AND_ASSIGN(const CommitResult again, CommitOwned(*store_, Block(1, "a")));
  EXPECT_TRUE(again.already_committed);
}

TEST_F(StoreCommitTest, DiscardDropsWhatWasAppliedAndNotCommitted) {
  const Digest before = store_->WorkingRoot().root;
  ASSERT_OK(store_->ApplyChangeSets(1, Block(1, "a").changes()));
  EXPECT_EQ(store_->Info().pending_version, 1);
  EXPECT_NE(store_->WorkingRoot().root, before);
  store_->DiscardPending();
  EXPECT_EQ(store_->Info().pending_version, 0);
  EXPECT_EQ(store_->WorkingRoot().root, before);
  ASSERT_OK(CommitOwned(*store_, Block(1, "b")));
}

TEST_F(StoreCommitTest, CommitBlockRefusesAVersionThatHasAppliedChanges) {
  ASSERT_OK(store_->ApplyChangeSets(1, Block(1, "a").changes()));
  ExpectRefused(StatusCode::kFailedPrecondition, Reason::kUnspecified, "finish it with Commit",
                [&] { return CommitOwned(*store_, Block(1, "b")); });
}

TEST_F(StoreCommitTest, ReadersDoNotSeeAppliedChanges) {
  ASSERT_OK(store_->ApplyChangeSets(1, Block(1, "a").changes()));
  const std::array<KeyRef, 1> keys = {KeyRef{"bank", "k"}};
  ASSERT_OK_AND_ASSIGN(const ReadResult before, store_->Get(keys));
  EXPECT_EQ(before.values[0], std::nullopt);
  EXPECT_TRUE(Walk(*store_, {"bank", "", std::nullopt}).empty());
  ASSERT_OK(store_->Commit(1));
  ASSERT_OK_AND_ASSIGN(const ReadResult after, store_->Get(keys));
  EXPECT_EQ(after.version, 1);
  EXPECT_EQ(after.values[0], "a");
  ASSERT_OK_AND_ASSIGN(const bool has, store_->Has(keys[0]));
  EXPECT_TRUE(has);
  ASSERT_OK_AND_ASSIGN(const bool has_other, store_->Has({"bank", "other"}));
  EXPECT_FALSE(has_other);
}

struct Rejection {
  const char* name;
  std::string module;
  std::string key;
  std::string value;
  Reason reason;
  const char* message;
};

class StoreRejectionTest : public StoreCommitTest,
                           public ::testing::WithParamInterface<Rejection> {};

TEST_P(StoreRejectionTest, RefusesTheWholeChangeSetAndChangesNothing) {
  ASSERT_OK(CommitOwned(*store_, Block(1, "a")));
  const Rejection& rejection = GetParam();
  OwnedBlock block(2);
  block.Set("bank", "good", "pair");
  block.Set(rejection.module, rejection.key, rejection.value);
  block.Set("bank", "another", "pair");
  ExpectRefused(StatusCode::kInvalidArgument, rejection.reason, rejection.message,
                [&] { return CommitOwned(*store_, block); });
  ExpectRefused(StatusCode::kInvalidArgument, rejection.reason, rejection.message,
                [&] { return store_->ApplyChangeSets(2, block.changes()); });
  const std::array<KeyRef, 1> keys = {KeyRef{"bank", "good"}};
  ASSERT_OK_AND_ASSIGN(const ReadResult read, store_->Get(keys));
  EXPECT_EQ(read.values[0], std::nullopt);
  Reopen();
  EXPECT_EQ(store_->Info().version, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Section3, StoreRejectionTest,
    ::testing::Values(
        Rejection{"EmptyModule", "", "k", "v", Reason::kInvalidChangeSet, "empty module name"},
        Rejection{"MetaModule", "_meta", "k", "v", Reason::kInvalidChangeSet, "_meta"},
        Rejection{"SlashInModule", "a/b", "k", "v", Reason::kInvalidChangeSet, "contains '/'"},
        Rejection{"EmptyEvmKey", "evm", "", "v", Reason::kInvalidChangeSet, "empty key"},
        Rejection{"ShortNonce", "evm", "\x0a" + kAddress, "1234567", Reason::kInvalidChangeSet,
                  "nonce has 8 bytes, not 7"},
        Rejection{"LongNonce", "evm", "\x0a" + kAddress, "123456789", Reason::kInvalidChangeSet,
                  "nonce has 8 bytes, not 9"},
        Rejection{"ShortCodeHash", "evm", "\x08" + kAddress, "x", Reason::kInvalidChangeSet,
                  "code hash has 32 bytes"},
        Rejection{"EmptyStorage", "evm", "\x03" + kAddress + kSlot, "", Reason::kInvalidChangeSet,
                  "storage value has 32 bytes"},
        Rejection{"LongStorage", "evm", "\x03" + kAddress + kSlot, std::string(33, 'v'),
                  Reason::kInvalidChangeSet, "not 33"},
        Rejection{"LongKey", "bank", std::string(1025, 'k'), "v", Reason::kLimitExceeded,
                  "the limit is 1024"},
        Rejection{"LongModule", std::string(129, 'm'), "k", "v", Reason::kLimitExceeded,
                  "the limit is 128"},
        Rejection{"LongValue", "bank", "k", std::string((4 << 20) + 1, 'v'), Reason::kLimitExceeded,
                  "the limit is 4194304"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(StoreCommitTest, RefusesAVersionOverTheSizeLimit) {
  options_.limits.change_set_bytes_max = 100;
  Reopen();
  ExpectRefused(StatusCode::kInvalidArgument, Reason::kLimitExceeded, "the limit is 100",
                [&] { return CommitOwned(*store_, Block(1, std::string(100, 'v'))); });
  // The limit is for the version, not for one call.
  ASSERT_OK(store_->ApplyChangeSets(1, Block(1, std::string(60, 'v')).changes()));
  ExpectRefused(StatusCode::kInvalidArgument, Reason::kLimitExceeded, "the limit is 100", [&] {
    return store_->ApplyChangeSets(1, Block(1, std::string(61, 'w')).changes());
  });
}

TEST_F(StoreCommitTest, AnEmptyKeyOfAnotherModuleIsAKey) {
  OwnedBlock block(1);
  block.Set("bank", "", "value");
  ASSERT_OK(CommitOwned(*store_, block));
  const std::array<KeyRef, 1> keys = {KeyRef{"bank", ""}};
  ASSERT_OK_AND_ASSIGN(const ReadResult read, store_->Get(keys));
  EXPECT_EQ(read.values[0], "value");
}

TEST_F(StoreCommitTest, ClosedStoreRefusesEverythingClearly) {
  ASSERT_OK(CommitOwned(*store_, Block(1, "a")));
  ASSERT_OK(store_->Close());
  EXPECT_OK(store_->Close());
  EXPECT_THAT(CommitOwned(*store_, Block(2, "b")), HasReason(Reason::kClosed));
  EXPECT_THAT(CommitOwned(*store_, Block(1, "a")), HasReason(Reason::kClosed));
  EXPECT_THAT(store_->Commit(2), HasReason(Reason::kClosed));
  EXPECT_THAT(store_->ApplyChangeSets(2, {}), HasReason(Reason::kClosed));
  const std::array<KeyRef, 1> keys = {KeyRef{"bank", "k"}};
  EXPECT_THAT(store_->Get(keys), HasReason(Reason::kClosed));
  EXPECT_THAT(store_->Iterate({"bank", "", std::nullopt}), HasReason(Reason::kClosed));
  EXPECT_THAT(store_->RootAt(1), HasReason(Reason::kClosed));
  EXPECT_THAT(store_->Health(), HasReason(Reason::kClosed));
}

}  // namespace
}  // namespace flatkv::test
