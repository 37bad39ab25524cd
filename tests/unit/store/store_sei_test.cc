// Goal: a state that went through a Sei stream is the same state, and goes on as the original does.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "flatkv/sei/sei_stream.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/archive_fixture.h"

namespace flatkv::test {
namespace {

// Export, to a stream, from it, import, export: rows and roots are the same; only what a stream
// does not carry, the changelog payload of the version, is another.
void ExpectRoundTrip(const std::vector<OwnedBlock>& blocks, size_t exported) {
  MemFileSystem disk;
  auto original = StoreOf(disk, "/one", blocks, blocks.size(), Suite::kBlake3);
  ASSERT_OK(original);
  const Version version = blocks[exported - 1].version();
  const Digest root = *(*original)->RootAt(version);
  ASSERT_OK(ExportStore(disk, **original, "/exported", version));
  const auto sent = ArchiveToSei(
      disk, {.from = "/exported", .to = "/sei", .threads = 2, .part_bytes = 20000}, nullptr);
  ASSERT_OK(sent);
  FromSeiOptions from;
  from.from = "/sei";
  from.part_bytes = 20000;
  from.version = version;
  from.expected_root = root;
  from.threads = 2;
  from.open_target = [&disk] { return OpenArchiveDirectory(disk, "/received"); };
  const auto received = SeiToArchive(disk, from, nullptr);
  ASSERT_OK(received);
  EXPECT_EQ(received->manifest.state.root, root);
  EXPECT_EQ(received->manifest.TotalRows(), sent->rows);
  for (uint32_t number = 1; number <= received->manifest.chunks.size(); ++number) {
    const std::string name = ChunkName(number);
    EXPECT_EQ(*ReadFile(disk, "/exported/" + name, 1 << 30),
              *ReadFile(disk, "/received/" + name, 1 << 30));
  }

  ImportOptions import = ImportTo("/two");
  import.expect_root = root;
  ASSERT_OK(ImportArchive(disk, NullLogger(), "/received", import, nullptr));
  auto copy = Store::Open(disk, NullLogger(), "/two", SmallStoreOptions(Suite::kBlake3));
  ASSERT_OK(copy);
  EXPECT_EQ((*copy)->CommittedRoot().version, version);
  EXPECT_EQ((*copy)->CommittedRoot().root, root);
  ASSERT_OK((*copy)->VerifyRows());
  ASSERT_OK(ExportStore(disk, **copy, "/again"));
  EXPECT_EQ(TreeText(disk, "/received"), TreeText(disk, "/again"));
  for (size_t i = exported; i < blocks.size(); ++i) {
    const auto committed = CommitOwned(**copy, blocks[i]);
    ASSERT_OK(committed);
    EXPECT_EQ(committed->root, *(*original)->RootAt(blocks[i].version())) << blocks[i].version();
  }
  ASSERT_OK((*copy)->Close());
  ASSERT_OK((*original)->Close());
}

TEST(StoreSei, TheEthereumDataKeepsChunksAndRoots) {
  const std::vector<OwnedBlock> blocks = LoadBlocks("ethereum-changelog.jsonl");
  ExpectRoundTrip(blocks, blocks.size() - 2);
}

TEST(StoreSei, GeneratedRowsKeepChunksAndRoots) {
  for (const uint64_t seed : {1u, 2u}) {
    fmt::print("seed {}\n", seed);
    ExpectRoundTrip(ArchiveBlocks(12, seed), 9);
  }
}

}  // namespace
}  // namespace flatkv::test
