#include "bench/change_set_file.h"

#include <gtest/gtest.h>

#include <string>

#include "bench/workload.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/durable.h"
#include "flatkv/v1/changeset.pb.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"

namespace flatkv::bench {
namespace {

using test::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kPath[] = "blocks.pb";

std::string Encode(const ChangeSets& changes) {
  std::string bytes;
  AppendChangeSets(changes, &bytes);
  return bytes;
}

class ChangeSetFileTest : public ::testing::Test {
 protected:
  ChangeSetFileTest() {
    options_.rows = 300;
    options_.updates_per_block = 40;
    options_.delete_share = 0.2;
    options_.shape = Shape::kMixed;
  }

  // Versions 5 to 8 of the workload; their encoded change sets.
  std::vector<std::string> WriteFour() {
    Workload workload(options_);
    auto writer = ChangeSetFileWriter::Create(fs_, kPath);
    EXPECT_OK(writer);
    std::vector<std::string> written;
    Block block;
    for (Version version = 5; version <= 8; ++version) {
      workload.NextBlock(&block);
      EXPECT_OK((*writer)->Add(version, block.changes));
      written.push_back(Encode(block.changes));
    }
    EXPECT_OK((*writer)->Finish());
    return written;
  }

  std::string Content() { return ReadFile(fs_, kPath, 1 << 30).value(); }

  // How many versions can be read of `content`, and why not more.
  std::pair<int, Status> ReadAll(const std::string& content) {
    fs_.Overwrite(kPath, content);
    const auto reader = ChangeSetFileReader::Open(fs_, kPath).value();
    Block block;
    for (int versions = 0;; ++versions) {
      const StatusOr<bool> more = reader->Next(&block);
      if (!more.ok() || !*more) {
        return {versions, more.status()};
      }
    }
  }

  test::MemFileSystem fs_;
  WorkloadOptions options_;
};

TEST_F(ChangeSetFileTest, GivesBackWhatWasWritten) {
  const std::vector<std::string> written = WriteFour();
  ASSERT_OK_AND_ASSIGN(const auto reader, ChangeSetFileReader::Open(fs_, kPath));
  EXPECT_EQ(reader->version(), 0);
  Block block;
  for (size_t i = 0; i < written.size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const bool more, reader->Next(&block));
    ASSERT_TRUE(more);
    EXPECT_EQ(reader->version(), static_cast<Version>(5 + i));
    EXPECT_EQ(Encode(block.changes), written[i]);
    EXPECT_EQ(block.updates, 40u);
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const bool more, reader->Next(&block));
    EXPECT_FALSE(more);
  }
  EXPECT_EQ(reader->offset(), Content().size());
}

TEST_F(ChangeSetFileTest, IsWhatProtobufReadsAsDelimitedMessages) {
  const std::vector<std::string> written = WriteFour();
  const std::string content = Content();
  size_t offset = 0;
  for (size_t i = 0; i < written.size(); ++i) {
    uint64_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(content.at(offset++));
      length |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        break;
      }
    }
    v1::ChangelogEntry entry;
    ASSERT_TRUE(entry.ParseFromArray(content.data() + offset, static_cast<int>(length)));
    EXPECT_EQ(entry.version(), static_cast<Version>(5 + i));
    EXPECT_FALSE(entry.changesets().empty());
    offset += length;
  }
  EXPECT_EQ(offset, content.size());
}

TEST_F(ChangeSetFileTest, AnEmptyFileHasNoVersions) {
  ASSERT_OK_AND_ASSIGN(const auto writer, ChangeSetFileWriter::Create(fs_, kPath));
  ASSERT_OK(writer->Finish());
  EXPECT_EQ(ReadAll("").first, 0);
}

TEST_F(ChangeSetFileTest, NeverOverwritesAFile) {
  WriteFour();
  EXPECT_THAT(ChangeSetFileWriter::Create(fs_, kPath), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(ReadAll(Content()).first, 4);
}

TEST_F(ChangeSetFileTest, AFileCutAnywhereGivesItsWholeVersionsAndSaysSo) {
  WriteFour();
  const std::string content = Content();
  for (size_t size = 0; size < content.size(); ++size) {
    const auto [versions, status] = ReadAll(content.substr(0, size));
    EXPECT_LT(versions, 4);
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(StatusCode::kDataLoss,
                                   AllOf(HasSubstr("blocks.pb"), HasSubstr("offset"))));
    }
    // Only a cut between two versions looks like the end.
    const bool is_boundary = size == 0 || ReadAll(content.substr(0, size - 1)).first < versions;
    EXPECT_EQ(status.ok(), is_boundary) << "at " << size;
  }
}

TEST_F(ChangeSetFileTest, DamageIsAnErrorOrAnotherValueButNeverACrash) {
  WriteFour();
  const std::string content = Content();
  for (size_t i = 0; i < content.size(); ++i) {
    std::string damaged = content;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
    const auto [versions, status] = ReadAll(damaged);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kDataLoss) << ToString(status);
    EXPECT_LE(versions, 4);
  }
}

TEST_F(ChangeSetFileTest, ImpossibleLengthsAndVersionsAreRefused) {
  WriteFour();
  const std::string content = Content();
  EXPECT_THAT(ReadAll(std::string(11, '\xff')).second,
              StatusIs(StatusCode::kDataLoss, HasSubstr("no valid length")));
  EXPECT_THAT(ReadAll("\xff\xff\xff\xff\x0f").second,
              StatusIs(StatusCode::kDataLoss, HasSubstr("more than a version may have")));
  EXPECT_THAT(ReadAll(std::string(1, '\0')).second,
              StatusIs(StatusCode::kDataLoss, HasSubstr("version 0")));
  EXPECT_THAT(ReadAll(content + content).second,
              StatusIs(StatusCode::kDataLoss, HasSubstr("version 5 does not follow")));
}

}  // namespace
}  // namespace flatkv::bench
