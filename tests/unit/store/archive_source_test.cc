// An archive as a side of a comparison: it gives what the store gives that it was exported from.
#include "flatkv/store/archive_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flatkv/codec/keys.h"
#include "flatkv/fs/durable.h"
#include "flatkv/store/compare.h"
#include "tests/unit/store/archive_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ArchiveSourceTest : public ::testing::Test {
 protected:
  // The keys that differ, with how.
  StatusOr<std::vector<std::string>> Compare(StateSource& here, StateSource& there,
                                             Version version) {
    ASSIGN_OR_RETURN(const auto left, here.SideAt(version, nullptr));
    ASSIGN_OR_RETURN(const auto right, there.SideAt(version, nullptr));
    std::vector<std::string> rows;
    CompareCallbacks callbacks;
    callbacks.on_difference = [&](const RowDifference& row) {
      rows.push_back(row.key + (!row.here.has_value()    ? " missing here"
                                : !row.there.has_value() ? " missing there"
                                                         : " differs"));
      return OkStatus();
    };
    CompareOptions options;
    options.pieces = 4;  // so that ranges end inside chunks
    options.rows_fetched = 8;
    RETURN_IF_ERROR(CompareStates(*left, *right, options, callbacks).status());
    return rows;
  }

  // A store of `count` of the blocks, exported to `archive`.
  StatusOr<std::unique_ptr<Store>> Export(const std::string& home,
                                          const std::vector<OwnedBlock>& blocks,
                                          const std::string& archive,
                                          Suite suite = Suite::kSha256) {
    ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                     StoreOf(disk_, home, blocks, blocks.size(), suite));
    RETURN_IF_ERROR(ExportStore(disk_, *store, archive));
    return store;
  }

  MemFileSystem disk_;
};

TEST_F(ArchiveSourceTest, AnArchiveIsTheStateThatWasExported) {
  const std::vector<OwnedBlock> blocks = ArchiveBlocks(9);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, Export("/one", blocks, "/a"));
  ASSERT_OK_AND_ASSIGN(const auto archive, OpenArchiveSource(disk_, "/a", 1));
  ASSERT_OK_AND_ASSIGN(const VersionRanges ranges, archive->Ranges());
  EXPECT_EQ(ranges.head, 9);
  EXPECT_EQ(ranges.oldest_retained, 9);
  ASSERT_OK_AND_ASSIGN(const auto of_store, store->state_reader().SideAt(9, nullptr));
  ASSERT_OK_AND_ASSIGN(const auto of_archive, archive->SideAt(9, nullptr));
  ASSERT_OK_AND_ASSIGN(const SideState expected, of_store->State());
  ASSERT_OK_AND_ASSIGN(const SideState state, of_archive->State());
  EXPECT_EQ(state.root, expected.root);
  EXPECT_EQ(state.sums, expected.sums);
  for (const DataDb db : kAllDataDbs) {
    const RowRange all{db, "", ""};
    ASSERT_OK_AND_ASSIGN(const SplitDigests pieces, of_store->Split(all, DigestKind::kLtHash, 7));
    ASSERT_OK_AND_ASSIGN(const std::vector<RangeDigest> digests,
                         of_archive->Digests(all, DigestKind::kLtHash, pieces.keys));
    ASSERT_EQ(digests.size(), pieces.digests.size());
    for (size_t i = 0; i < digests.size(); ++i) {
      EXPECT_TRUE(digests[i].SameRows(pieces.digests[i])) << NameOf(db) << " piece " << i;
    }
    ASSERT_OK_AND_ASSIGN(const std::vector<RowDigest> rows, of_store->Rows(all));
    std::vector<std::string> keys{"evm/", "nobody/x"};  // of no row
    for (const RowDigest& row : rows) {
      keys.push_back(row.key);
    }
    ASSERT_OK_AND_ASSIGN(const auto values, of_archive->Values(db, keys, 1000));
    ASSERT_OK_AND_ASSIGN(const auto expected_values, of_store->Values(db, keys, 1000));
    for (size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(values[i].has_value(), expected_values[i].has_value()) << keys[i];
      if (values[i].has_value()) {
        EXPECT_EQ(values[i]->begin, expected_values[i]->begin) << keys[i];
      }
    }
  }
  const auto other = archive->SideAt(8, nullptr);
  EXPECT_EQ(other.status().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(MessageOf(other.status()), HasSubstr("holds version 9, not 8"));
}

TEST_F(ArchiveSourceTest, ComparisonsNameTheRowsThatDiffer) {
  std::vector<OwnedBlock> blocks = ArchiveBlocks(9);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> one, Export("/one", blocks, "/a"));
  blocks.back().Set("gov", "key4", "other");
  blocks.back().Set("mint", "new", "");
  blocks.back().Remove("acc", "key2");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> two, Export("/two", blocks, "/b"));
  ASSERT_OK_AND_ASSIGN(const auto a, OpenArchiveSource(disk_, "/a", 1));
  ASSERT_OK_AND_ASSIGN(const auto b, OpenArchiveSource(disk_, "/b", 2));
  const std::vector<std::string> expected{"acc/key2 missing there", "gov/key4 differs",
                                          "mint/new missing here"};
  for (StateSource* here :
       {static_cast<StateSource*>(a.get()), static_cast<StateSource*>(&one->state_reader())}) {
    for (StateSource* there :
         {static_cast<StateSource*>(b.get()), static_cast<StateSource*>(&two->state_reader())}) {
      ASSERT_OK_AND_ASSIGN(const std::vector<std::string> rows, Compare(*here, *there, 9));
      EXPECT_EQ(rows, expected);
    }
  }
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> rows, Compare(*a, one->state_reader(), 9));
  EXPECT_THAT(rows, IsEmpty());
}

TEST_F(ArchiveSourceTest, ArchivesOfTwoSuitesAreComparedRowByRow) {
  std::vector<OwnedBlock> blocks = ArchiveBlocks(5);
  ASSERT_OK(Export("/one", blocks, "/a", Suite::kSha256));
  blocks.back().Set("zone", "key1", "other");
  ASSERT_OK(Export("/two", blocks, "/b", Suite::kBlake3));
  ASSERT_OK_AND_ASSIGN(const auto a, OpenArchiveSource(disk_, "/a", 1));
  ASSERT_OK_AND_ASSIGN(const auto b, OpenArchiveSource(disk_, "/b", 1));
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> rows, Compare(*a, *b, 5));
  EXPECT_THAT(rows, ElementsAre("zone/key1 differs"));
}

TEST_F(ArchiveSourceTest, ADamagedChunkIsNamed) {
  ASSERT_OK(Export("/one", ArchiveBlocks(5), "/a"));
  ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(disk_, "/a/000002.chunk", 1 << 20));
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_OK(WriteFileDurably(disk_, "/a/000002.chunk", bytes));
  const auto opened = OpenArchiveSource(disk_, "/a", 1);
  EXPECT_EQ(ReasonOf(opened.status()), Reason::kArchiveCorrupt);
  EXPECT_THAT(MessageOf(opened.status()), HasSubstr("000002.chunk"));
}

}  // namespace
}  // namespace flatkv::test
