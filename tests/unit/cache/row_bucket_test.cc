// The seqlock, where a test can stop a writer in the middle.
#include "flatkv/cache/row_bucket.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/cache/bucket_writer.h"
#include "tests/support/status_matchers.h"

namespace flatkv::internal {
namespace {

constexpr RowFingerprint kOne = {1, 0x0101};
constexpr RowFingerprint kTwo = {2, 0x0202};
// Differs from kOne in what a tag does not show.
constexpr RowFingerprint kLikeOne = {1, 0x0301};

class RowBucketTest : public testing::Test {
 protected:
  void Put(const RowFingerprint& fingerprint, const std::string& row) {
    BucketWriter(*bucket_).Put(fingerprint, row);
  }

  const std::unique_ptr<RowBucket> bucket_ = std::make_unique<RowBucket>();
  std::string row_ = "before";
};

TEST_F(RowBucketTest, FindsByTheWholeFingerprintNotByTheTag) {
  Put(kOne, "one");
  EXPECT_EQ(TagOf(kOne), TagOf(kLikeOne));
  EXPECT_FALSE(ReadBucket(*bucket_, kLikeOne, &row_).found);
  Put(kLikeOne, "like one");
  EXPECT_TRUE(ReadBucket(*bucket_, kLikeOne, &row_).found);
  EXPECT_EQ(row_, "like one");
  EXPECT_TRUE(ReadBucket(*bucket_, kOne, &row_).found);
  EXPECT_EQ(row_, "one");
}

TEST_F(RowBucketTest, AFingerprintWhoseByteIsZeroHasATag) {
  constexpr RowFingerprint kZero = {0, 0};
  EXPECT_NE(TagOf(kZero), 0);
  EXPECT_FALSE(ReadBucket(*bucket_, kZero, &row_).found);
  Put(kZero, "zero");
  EXPECT_TRUE(ReadBucket(*bucket_, kZero, &row_).found);
}

TEST_F(RowBucketTest, ACopyIsWholeOnlyIfNothingWasWrittenMeanwhile) {
  Put(kOne, "one");
  const ReadAttempt undisturbed(*bucket_, kOne);
  EXPECT_TRUE(undisturbed.IsWhole());
  EXPECT_EQ(undisturbed.row(), "one");
  Put(kTwo, "two");
  EXPECT_FALSE(undisturbed.IsWhole());
  const ReadAttempt overtaken(*bucket_, kTwo);
  {
    const BucketWriter writer(*bucket_);
    EXPECT_FALSE(overtaken.IsWhole());
    const ReadAttempt during(*bucket_, kTwo);
    EXPECT_FALSE(during.IsWhole());
    EXPECT_FALSE(during.found());
  }
  // The writer went without writing anything.
  EXPECT_TRUE(overtaken.IsWhole());
}

TEST_F(RowBucketTest, AReaderMissesInsteadOfWaitingForAWriter) {
  Put(kOne, "one");
  {
    const BucketWriter writer(*bucket_);
    EXPECT_FALSE(ReadBucket(*bucket_, kOne, &row_).found);
    EXPECT_EQ(row_, "before");
  }
  EXPECT_TRUE(ReadBucket(*bucket_, kOne, &row_).found);
}

TEST_F(RowBucketTest, TheMomentOfAReadDuringAChangeIsBeforeTheChange) {
  BucketRead during;
  {
    BucketWriter writer(*bucket_);
    writer.Put(kOne, "one");
    during = ReadBucket(*bucket_, kTwo, &row_);
  }
  EXPECT_NE(ReadBucket(*bucket_, kTwo, &row_).changes, during.changes);
}

TEST_F(RowBucketTest, OneWriterAtATime) {
  const BucketWriter first(*bucket_);
  EXPECT_TRUE(first.holds());
  EXPECT_FALSE(BucketWriter(*bucket_, std::try_to_lock).holds());
}

TEST_F(RowBucketTest, AWriterThatWroteNothingLeavesTheSequenceAsItWas) {
  Put(kOne, "one");
  const uint64_t before = bucket_->sequence;
  EXPECT_TRUE(BucketWriter(*bucket_, std::try_to_lock).PutRead(kOne, "read"));
  EXPECT_EQ(bucket_->sequence, before);
}

TEST_F(RowBucketTest, EveryWriteMovesTheSequenceAndOnlyChangesMoveTheChanges) {
  const uint64_t empty = bucket_->sequence;
  EXPECT_TRUE(BucketWriter(*bucket_).PutRead(kOne, "one"));
  const uint64_t read = bucket_->sequence;
  EXPECT_NE(read, empty);
  EXPECT_EQ(ChangesOf(read), ChangesOf(empty));
  Put(kOne, "two");
  const uint64_t put = bucket_->sequence;
  EXPECT_NE(ChangesOf(put), ChangesOf(read));
  BucketWriter(*bucket_).Remove(kTwo);
  EXPECT_NE(ChangesOf(bucket_->sequence), ChangesOf(put));
}

// What a reader may see while a writer is at work must not lead it out of the bucket.
TEST_F(RowBucketTest, AnySizeAndAnyTagAreReadWithinTheBucket) {
  Put(kOne, std::string(kMaxRowBytes, 'x'));
  for (size_t line = 1; line <= kDataLines; ++line) {
    bucket_->tags = {0x0101010101010100, 0x0101010101010101};
    WordsAt(*bucket_, line)[0] = kOne.low;
    WordsAt(*bucket_, line)[1] = kOne.high;
    for (uint64_t size = 0; size <= UINT16_MAX; ++size) {
      bucket_->lines.front()[2] = size;
      WordsAt(*bucket_, line)[2] = size;
      if (ReadBucket(*bucket_, kOne, &row_).found) {
        ASSERT_LE(row_.size(), kMaxRowBytes);
      }
    }
  }
}

// Nothing but reading and replacing the largest rows: whenever a reader is suspended, or overtaken,
// it is in the middle of a copy, and one that did not look at the sequence again would return a
// mixture, of which one end is older than the other.
TEST_F(RowBucketTest, WhatIsReadBesideAWriterIsOneRow) {
  constexpr int kWrites = 400'000;
  std::vector<std::string> rows;
  for (size_t i = 0; i < 26; ++i) {
    rows.emplace_back(kMaxRowBytes - i % 3, static_cast<char>('a' + i));
  }
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (size_t i = 0; i < kWrites; ++i) {
      Put(kOne, rows[i % rows.size()]);
    }
    done = true;
  });
  uint64_t mixtures = 0;
  while (!done) {
    if (ReadBucket(*bucket_, kOne, &row_).found && row_.front() != row_.back()) {
      ++mixtures;
    }
  }
  writer.join();
  EXPECT_EQ(mixtures, 0u);
  EXPECT_TRUE(ReadBucket(*bucket_, kOne, &row_).found);
}

TEST_F(RowBucketTest, ASequenceAtItsEndWrapsToAnEvenNumber) {
  bucket_->sequence = UINT64_MAX - kLocked;
  Put(kOne, "one");
  EXPECT_EQ(bucket_->sequence & kLocked, 0u);
  EXPECT_TRUE(ReadBucket(*bucket_, kOne, &row_).found);
}

}  // namespace
}  // namespace flatkv::internal
