// Whole archives, as directories and as files.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/archive/archive_verify.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/archive/archive_test_util.h"

namespace flatkv {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDir[] = "/archive";
constexpr char kFile[] = "/archive.tar";

Status ExportToFile(FileSystem& fs, const SampleArchive& archive) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer, CreateArchiveFile(fs, kFile));
  return archive.Export(*writer);
}

std::vector<std::string> FindingsOf(FileSystem& fs, const std::string& path) {
  const auto report = VerifyArchive(fs, path, 2, nullptr);
  EXPECT_OK(report);
  return report.ok() ? report->findings : std::vector<std::string>{"?"};
}

TEST(Archive, ReadsBackFromADirectoryAndFromAFile) {
  MemFileSystem disk;
  const SampleArchive archive;
  ASSERT_OK(archive.ExportTo(disk, kDir));
  ASSERT_OK(ExportToFile(disk, archive));
  for (const char* path : {kDir, kFile}) {
    const auto reader = ArchiveReader::Open(disk, path);
    ASSERT_OK(reader);
    EXPECT_EQ((*reader)->manifest().state, archive.manifest.state);
    EXPECT_EQ((*reader)->manifest().dbs, archive.manifest.dbs);
    EXPECT_EQ(*(*reader)->ReadPayload(), archive.payload);
    for (size_t i = 0; i < archive.chunks.size(); ++i) {
      EXPECT_EQ(*(*reader)->ReadChunk(static_cast<uint32_t>(i + 1)), archive.chunks[i].bytes);
    }
    const auto report = VerifyArchive(disk, path, 3, nullptr);
    ASSERT_OK(report);
    EXPECT_THAT(report->findings, IsEmpty());
    EXPECT_EQ(report->done.rows, SampleRows().size());
    EXPECT_EQ(report->done.chunks, archive.chunks.size());
  }
}

TEST(Archive, GivesTheSameBytesEachTime) {
  MemFileSystem disk;
  ASSERT_OK(SampleArchive().ExportTo(disk, "/one"));
  ASSERT_OK(SampleArchive().ExportTo(disk, "/two"));
  EXPECT_EQ(TreeText(disk, "/one"), TreeText(disk, "/two"));
}

// The member that is damaged is named, and nothing of the archive passes.
TEST(Archive, WithAnyByteFlippedNamesTheMember) {
  MemFileSystem disk;
  const SampleArchive archive;
  ASSERT_OK(archive.ExportTo(disk, kDir));
  const std::vector<std::string> names = *disk.List(kDir);
  uint64_t checked = 0;
  for (const std::string& name : names) {
    const std::string path = JoinPath(kDir, name);
    const uint64_t size = disk.Stat(path)->size_bytes;
    for (uint64_t at = 0; at < size; at += 1 + size / 150, ++checked) {
      disk.FlipBit(path, at, at % 8);
      const std::vector<std::string> findings = FindingsOf(disk, kDir);
      ASSERT_FALSE(findings.empty()) << name << " " << at;
      EXPECT_THAT(findings.front(), HasSubstr(name)) << at;
      disk.FlipBit(path, at, at % 8);
    }
  }
  EXPECT_THAT(FindingsOf(disk, kDir), IsEmpty());
  fmt::print("{} bytes flipped\n", checked);
}

TEST(Archive, AsAFileWithAnyByteFlippedIsRefused) {
  MemFileSystem disk;
  ASSERT_OK(ExportToFile(disk, SampleArchive()));
  constexpr uint64_t kSeed = 5;
  fmt::print("seed {}\n", kSeed);
  std::mt19937_64 random(kSeed);
  const uint64_t size = disk.Stat(kFile)->size_bytes;
  for (int i = 0; i < 1500; ++i) {
    const uint64_t at = random() % size;
    const unsigned bit = static_cast<unsigned>(random() % 8);
    disk.FlipBit(kFile, at, bit);
    EXPECT_FALSE(FindingsOf(disk, kFile).empty()) << at;
    disk.FlipBit(kFile, at, bit);
  }
  for (uint64_t cut = 1; cut < size; cut += 97) {
    const std::unique_ptr<MemFileSystem> clone = disk.Clone();
    clone->Resize(kFile, size - cut);
    EXPECT_FALSE(FindingsOf(*clone, kFile).empty()) << cut;
  }
}

TEST(Archive, WithAMemberMissingDoubleOrSwappedNamesIt) {
  MemFileSystem good;
  const SampleArchive archive;
  ASSERT_OK(archive.ExportTo(good, kDir));
  const auto findings_after = [&](const std::function<void(MemFileSystem&)>& damage) {
    const std::unique_ptr<MemFileSystem> disk = good.Clone();
    damage(*disk);
    const std::vector<std::string> findings = FindingsOf(*disk, kDir);
    return findings.empty() ? std::string("nothing") : findings.front();
  };
  const std::string first = JoinPath(kDir, ChunkName(1));
  EXPECT_THAT(findings_after([&](MemFileSystem& disk) { ASSERT_OK(disk.RemoveFile(first)); }),
              HasSubstr("000001.chunk: it is missing"));
  EXPECT_THAT(findings_after([&](MemFileSystem& disk) {
                ASSERT_OK(WriteFileDurably(disk, JoinPath(kDir, ChunkName(7)), "x"));
              }),
              HasSubstr("000007.chunk: it is no part"));
  EXPECT_THAT(findings_after([&](MemFileSystem& disk) {
                ASSERT_OK(disk.RemoveFile(JoinPath(kDir, kArchiveManifestName)));
              }),
              HasSubstr("MANIFEST"));
  // Two chunks of equal size, each whole, in each other's place.
  EXPECT_THAT(findings_after([&](MemFileSystem& disk) {
                disk.Overwrite(JoinPath(kDir, ChunkName(4)), archive.chunks[4].bytes);
              }),
              HasSubstr("000004.chunk"));
}

TEST(Archive, WhoseManifestSaysAnotherRootIsRefused) {
  MemFileSystem disk;
  SampleArchive archive;
  archive.manifest.dbs[3].modules[0].rows += 1;
  EXPECT_EQ(ReasonOf(archive.ExportTo(disk, kDir)), Reason::kRootMismatch);
  EXPECT_FALSE(*Exists(disk, JoinPath(kDir, kArchiveManifestName)));
}

TEST(ArchiveExport, GoesOnBehindEveryChunkOfAnInterruptedOne) {
  const SampleArchive archive;
  MemFileSystem whole;
  ASSERT_OK(archive.ExportTo(whole, kDir));
  for (size_t cut = 0; cut <= archive.chunks.size(); ++cut) {
    MemFileSystem disk;
    EXPECT_EQ(archive.ExportTo(disk, kDir, cut).ok(), cut == archive.chunks.size());
    FaultFileSystem fault(disk);
    ASSERT_OK(archive.ExportTo(fault, kDir));
    size_t created = 0;
    for (const std::string& call : fault.trace()) {
      created += call.starts_with("create") && call.find(".chunk") != std::string::npos ? 1U : 0U;
    }
    EXPECT_EQ(created, archive.chunks.size() - cut);
    EXPECT_EQ(TreeText(disk, kDir), TreeText(whole, kDir)) << cut;
  }
}

TEST(ArchiveExport, WritesADamagedChunkAgainAndKeepsThoseBehindIt) {
  const SampleArchive archive;
  MemFileSystem disk;
  EXPECT_FALSE(archive.ExportTo(disk, kDir, 5).ok());
  disk.FlipBit(JoinPath(kDir, ChunkName(2)), 100, 1);
  FaultFileSystem fault(disk);
  ASSERT_OK(archive.ExportTo(fault, kDir));
  EXPECT_THAT(FindingsOf(disk, kDir), IsEmpty());
  size_t created = 0;
  for (const std::string& call : fault.trace()) {
    created += call.starts_with("create") && call.find(".chunk") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(created, 2u);
}

TEST(ArchiveExport, IntoADirectoryWithOtherThingsIsRefused) {
  MemFileSystem disk;
  ASSERT_OK(MakeDirsDurably(disk, kDir));
  ASSERT_OK(WriteFileDurably(disk, "/archive/letter", "dear"));
  const std::string before = TreeText(disk, "/");
  EXPECT_THAT(SampleArchive().ExportTo(disk, kDir),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("letter")));
  EXPECT_EQ(TreeText(disk, "/"), before);
}

TEST(ArchiveExport, OfAnotherStateIntoAnInterruptedOneIsRefused) {
  MemFileSystem disk;
  EXPECT_FALSE(SampleArchive().ExportTo(disk, kDir, 2).ok());
  std::vector<SampleRow> rows = SampleRows();
  rows.pop_back();
  EXPECT_THAT(SampleArchive(rows).ExportTo(disk, kDir),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("export --at 7")));
}

}  // namespace
}  // namespace flatkv
