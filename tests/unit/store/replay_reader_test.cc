#include "flatkv/store/replay_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flatkv/store/pending_version.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/sample_blocks.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kLog[] = "/log";

class ReplayReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto wal = Wal::Open(fs_, NullLogger(), kLog, WalOptions());
    ASSERT_OK(wal);
    wal_ = *std::move(wal);
  }

  void Append(const OwnedBlock& block) {
    const PendingPayload::Call call = PendingPayload::Encode(block.version(), block.changes());
    ASSERT_OK(wal_->Append(block.version(), call.payload, call.digest, Digest{}));
  }
  // Versions first .. last, each with one row.
  void Fill(Version first, Version last, size_t value_bytes = 1) {
    for (Version version = first; version <= last; ++version) {
      OwnedBlock block(version);
      block.Set("bank", fmt::format("k{}", version), std::string(value_bytes, 'v'));
      Append(block);
    }
  }
  // "1-3 4 5-6": the batches; "!" and what stopped them.
  static std::string Batches(ReplayReader& reader) {
    std::string text;
    while (true) {
      const StatusOr<std::optional<ReplayBatch>> batch = reader.Next();
      if (!batch.ok()) {
        return text + "!" + std::string(MessageOf(batch.status()));
      }
      if (!batch->has_value()) {
        return text;
      }
      const Version last = (*batch)->last.version;
      text += (*batch)->first == last ? fmt::format("{} ", last)
                                      : fmt::format("{}-{} ", (*batch)->first, last);
    }
  }

  MemFileSystem fs_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(ReplayReaderTest, FoldsUpToTheLimitAndStopsWhereUndoRecordsAreWanted) {
  Fill(1, 10);
  ReplayRange range{.first = 2, .last = 10, .undo_from = 8, .batch_versions_max = 4};
  ASSERT_OK_AND_ASSIGN(auto reader, ReplayReader::Start(*wal_, range));
  EXPECT_EQ(Batches(*reader), "2-5 6-7 8 9 10 ");
  range.batch_versions_max = 1;
  ASSERT_OK_AND_ASSIGN(reader, ReplayReader::Start(*wal_, range));
  EXPECT_EQ(Batches(*reader), "2 3 4 5 6 7 8 9 10 ");
}

// What an undo record says of a row is how it was before the version, and a data DB that holds the
// version is past that.
TEST_F(ReplayReaderTest, NoBatchGoesPastTheVersionOfADataDb) {
  Fill(1, 12);
  ReplayRange range{.first = 2, .last = 12, .batch_versions_max = 4};
  range.db_versions = {3, 1, 8, 5};
  ASSERT_OK_AND_ASSIGN(const auto reader, ReplayReader::Start(*wal_, range));
  EXPECT_EQ(Batches(*reader), "2-3 4-5 6-8 9-12 ");
}

TEST_F(ReplayReaderTest, AnErrorComesAfterEverythingBeforeIt) {
  Fill(1, 5);
  ASSERT_OK(wal_->Append(6, "no entry", Digest{}, Digest{}));
  Fill(7, 8);
  for (const uint64_t versions_max : std::vector<uint64_t>{1, 3, 100}) {
    SCOPED_TRACE(versions_max);
    ASSERT_OK_AND_ASSIGN(
        const auto reader,
        ReplayReader::Start(*wal_, {.first = 1, .last = 8, .batch_versions_max = versions_max}));
    EXPECT_EQ(Batches(*reader),
              std::string(versions_max == 1   ? "1 2 3 4 5 "
                          : versions_max == 3 ? "1-3 4-5 "
                                              : "1-5 ") +
                  "!replaying version 6: the record holds no entry of this version");
    EXPECT_THAT(reader->Next(), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("version 6")),
                                      HasReason(Reason::kChangelogCorrupt)));
  }
}

TEST_F(ReplayReaderTest, NothingIsLeftWaitingWhenNobodyTakesIt) {
  Fill(1, 40, size_t{1} << 20);  // more than is read ahead
  ASSERT_OK_AND_ASSIGN(
      const auto reader,
      ReplayReader::Start(*wal_, {.first = 1, .last = 40, .batch_versions_max = 1}));
  EXPECT_OK(reader->Next());
}

TEST_F(ReplayReaderTest, WhatADataDbHoldsIsLeftOutForThatDbOnly) {
  for (Version version = 1; version <= 4; ++version) {
    OwnedBlock block(version);
    block.Set("evm", "\x03" + std::string(52, 's'), std::string(32, '1'));
    block.Set("bank", "", fmt::format("{}", version));
    Append(block);
  }
  ReplayRange range{.first = 1, .last = 4, .batch_versions_max = 10};
  range.db_versions[IndexOf(DataDb::kMisc)] = 2;
  range.db_versions[IndexOf(DataDb::kStorage)] = 4;
  ASSERT_OK_AND_ASSIGN(const auto reader, ReplayReader::Start(*wal_, range));
  ASSERT_OK_AND_ASSIGN(std::optional<ReplayBatch> batch, reader->Next());
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->last.version, 2);
  for (const std::vector<RowUpdate>& updates : batch->changes.updates) {
    EXPECT_TRUE(updates.empty());
  }
  ASSERT_OK_AND_ASSIGN(batch, reader->Next());
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(batch->changes.updates[IndexOf(DataDb::kStorage)].empty());
  const std::vector<RowUpdate>& misc = batch->changes.updates[IndexOf(DataDb::kMisc)];
  ASSERT_EQ(misc.size(), 1u);
  EXPECT_EQ(misc[0].key, "bank/");
  EXPECT_EQ(misc[0].value, "4");
  EXPECT_EQ(misc[0].version, 4);
}

// ---- Folding.

class FoldTest : public ReplayReaderTest {
 protected:
  const std::string address_ = std::string(20, 'a');
  const std::string nonce_ = "\x0a" + address_;
  const std::string code_hash_ = "\x08" + address_;

  RowUpdate OnlyRow(DataDb db) {
    const Version last = wal_->last_version();
    auto reader = ReplayReader::Start(*wal_, {.first = 1, .last = last, .batch_versions_max = 100});
    EXPECT_OK(reader);
    auto batch = (*reader)->Next();
    EXPECT_OK(batch);
    batch_ = *std::move(*batch);
    EXPECT_EQ(batch_.changes.updates[IndexOf(db)].size(), 1u);
    return batch_.changes.updates[IndexOf(db)].at(0);
  }

  ReplayBatch batch_;
};

TEST_F(FoldTest, TheFieldsOfAnAccountComeFromTheVersionsThatWroteThem) {
  OwnedBlock one(1);
  one.Set("evm", nonce_, "11111111");
  one.Set("evm", code_hash_, std::string(32, 'c'));
  Append(one);
  OwnedBlock two(2);
  two.Remove("evm", nonce_);
  Append(two);
  Append(OwnedBlock(3));
  const RowUpdate row = OnlyRow(DataDb::kAccount);
  EXPECT_TRUE(row.sets_value);
  EXPECT_EQ(row.value, "");
  EXPECT_TRUE(row.sets_code_hash);
  EXPECT_EQ(row.code_hash, std::string(32, 'c'));
  EXPECT_EQ(row.version, 2);
  EXPECT_TRUE(row.came);
}

TEST_F(FoldTest, ARowCameIfItWasThereAfterAVersionBeforeTheLast) {
  OwnedBlock one(1);
  one.Set("bank", "k", "v");
  one.Remove("bank", "k");  // never was
  Append(one);
  OwnedBlock two(2);
  two.Set("bank", "k", "");
  Append(two);
  RowUpdate row = OnlyRow(DataDb::kMisc);
  EXPECT_FALSE(row.came);
  EXPECT_FALSE(row.removes);
  EXPECT_EQ(row.version, 2);
  OwnedBlock three(3);
  three.Remove("bank", "k");
  Append(three);
  row = OnlyRow(DataDb::kMisc);
  EXPECT_TRUE(row.came);
  EXPECT_TRUE(row.removes);
  EXPECT_EQ(row.version, 3);
}

}  // namespace
}  // namespace flatkv::test
