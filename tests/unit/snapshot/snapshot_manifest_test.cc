#include "flatkv/snapshot/snapshot_manifest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/status_matchers.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::HasReason;
using test::Reforge;
using test::SampleManifest;
using test::StatusIs;
using test::WithChecksum;
using ::testing::AllOf;
using ::testing::HasSubstr;

SnapshotManifest Sample() {
  SnapshotManifest manifest = SampleManifest(100);
  FileDigest digest{};
  for (const char* path : {"account/000005.sst", "account/CURRENT", "storage/MANIFEST-000004"}) {
    digest[0] = static_cast<uint8_t>(digest[0] + 1);
    manifest.files.push_back({path, 4096, digest});
  }
  return manifest;
}

auto IsDamagedAt(std::string_view what) {
  return AllOf(StatusIs(StatusCode::kDataLoss,
                        AllOf(HasSubstr("/s/SNAPSHOT"), HasSubstr(std::string(what)))),
               HasReason(Reason::kSnapshotCorrupt));
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

std::string Join(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, ""));
}

TEST(SnapshotManifest, ReadsBackWhatWasWritten) {
  ASSERT_OK_AND_ASSIGN(const SnapshotManifest decoded,
                       DecodeSnapshotManifest(EncodeSnapshotManifest(Sample()), "/s/SNAPSHOT"));
  EXPECT_EQ(decoded, Sample());
  EXPECT_EQ(decoded.TotalBytes(), 3u * 4096);
}

TEST(SnapshotManifest, IsTheDocumentedText) {
  SnapshotManifest manifest = Sample();
  for (SnapshotDb& db : manifest.dbs) {
    db = SnapshotDb();
  }
  manifest.dbs[0].modules.push_back({"evm", {}, 3, 300});
  manifest.files.resize(1);
  const std::string zero(64, '0');
  const auto empty_db = [&zero](std::string_view name) {
    return fmt::format("db = {}\nchecksum = {}\nrows = 0\nbytes = 0\nmodules = 0\n", name, zero);
  };
  EXPECT_EQ(
      EncodeSnapshotManifest(manifest),
      WithChecksum(
          "flatkv-snapshot 1\n"
          "store-id = 0123456789abcdef0123456789abcdef\n"
          "operation-id = fedcba9876543210fedcba9876543210\n"
          "build = flatkv 0.1.0 (a \"test\" \\\\ build)\n"
          "engine = leveldb 1.23\n"
          "key-format = flatkv-keys-1\n"
          "suite = blake3\n"
          "version = 100\n"
          "initial-version = 1\n"
          "root = 4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2\n"
          "created-unix-seconds = 1767323045\n"
          "wal-from = 101\n"
          "content-digest = ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73\n"
          "db = account\nchecksum = " +
          zero +
          "\nrows = 0\nbytes = 0\nmodules = 1\n"
          "module = evm\nmodule-checksum = " +
          zero + "\nmodule-rows = 3\nmodule-bytes = 300\n" + empty_db("code") +
          empty_db("storage") + empty_db("misc") +
          "files = 1\n"
          "file = account/000005.sst\nsize = 4096\ndigest = 01000000000000000000000000000000\n"));
}

TEST(SnapshotManifest, RefusesEveryFlippedBit) {
  const std::string text = EncodeSnapshotManifest(Sample());
  for (size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      ASSERT_THAT(DecodeSnapshotManifest(damaged, "/s/SNAPSHOT"), IsDamagedAt("checksum"))
          << at << " bit " << bit;
    }
  }
}

TEST(SnapshotManifest, RefusesEveryCutText) {
  const std::string text = EncodeSnapshotManifest(Sample());
  for (size_t size = 0; size < text.size(); ++size) {
    ASSERT_THAT(DecodeSnapshotManifest(text.substr(0, size), "/s/SNAPSHOT"),
                IsDamagedAt("checksum"))
        << size;
  }
}

// With the right checksum, so that nothing but the structure stands against them.
TEST(SnapshotManifest, RefusesEveryLineMissingDoubledSwappedOrMisspelt) {
  std::vector<std::string> lines = Lines(EncodeSnapshotManifest(Sample()));
  lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::vector<std::string>> mutations(6, lines);
    mutations[0].erase(mutations[0].begin() + static_cast<ptrdiff_t>(i));
    mutations[1].insert(mutations[1].begin() + static_cast<ptrdiff_t>(i), lines[i]);
    if (i + 1 < lines.size()) {
      std::swap(mutations[2][i], mutations[2][i + 1]);
    } else {
      mutations[2].push_back("more = 1\n");
    }
    mutations[3][i] = "x" + lines[i];
    mutations[4][i] = lines[i].substr(0, lines[i].find(" = ")) + "\n";
    mutations[5].insert(mutations[5].begin() + static_cast<ptrdiff_t>(i), "\n");
    for (size_t mutation = 0; mutation < mutations.size(); ++mutation) {
      if (i == 0 && mutation == 4) {
        continue;  // The first line has no " = ": unchanged.
      }
      EXPECT_THAT(DecodeSnapshotManifest(WithChecksum(Join(mutations[mutation])), "/s/SNAPSHOT"),
                  IsDamagedAt(""))
          << "mutation " << mutation << " of " << lines[i];
    }
  }
}

TEST(SnapshotManifest, NamesTheFieldThatIsWrong) {
  const std::string text = EncodeSnapshotManifest(Sample());
  const struct {
    std::string_view from, to, field;
  } cases[] = {
      {"store-id = 0123456789abcdef0123456789abcdef", "store-id = ", "store-id"},
      {"operation-id = f", "operation-id = F", "operation-id"},
      {"operation-id = f", "operation-id = ", "operation-id"},
      {"suite = blake3", "suite = md5", "suite"},
      {"\nversion = 100", "\nversion = -1", "version"},
      {"\nversion = 100", "\nversion = 0100", "version"},
      {"\nversion = 100", "\nversion = 99", "wal-from"},
      {"initial-version = 1", "initial-version = 0", "version"},
      {"initial-version = 1", "initial-version = 102", "version"},
      {"root = 4", "root = ", "root"},
      {"created-unix-seconds = 1", "created-unix-seconds = -1", "created-unix-seconds"},
      {"wal-from = 101", "wal-from = 102", "wal-from"},
      {"wal-from = 101", "wal-from = 100", "wal-from"},
      {"content-digest = e", "content-digest = E", "content-digest"},
      {"db = account", "db = code", "db"},
      {"db = misc", "db = other", "db"},
      {"rows = 10", "rows = 1e1", "rows"},
      {"modules = 1", "modules = 0", "db"},
      {"modules = 2", "modules = 3", "module"},
      {"modules = 1", "modules = 18446744073709551615", "module"},
      {"module = evm", "module = ", "module"},
      {"module = evm", "module = a/b", "module"},
      {"module = bank\\n\\x01", "module = evm", "module"},
      {"module = bank\\n\\x01", "module = zzz", "module"},
      {"files = 3", "files = 2", "last field"},
      {"files = 3", "files = 4", "file"},
      {"files = 3", "files = 18446744073709551615", "file"},
      {"size = 4096", "size = 18446744073709551615", "size"},
      {"digest = 01", "digest = 0", "digest"},
      {"digest = 01", "digest = 0A", "digest"},
      {"file = account/CURRENT", "file = account/000005.sst", "file"},
      {"file = account/CURRENT", "file = account/000004.sst", "file"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(DecodeSnapshotManifest(Reforge(text, c.from, c.to), "/s/SNAPSHOT"),
                IsDamagedAt(c.field))
        << c.from << " -> " << c.to;
  }
}

TEST(SnapshotManifest, RefusesFilesThatAreNotPlainNamesInADb) {
  const std::string text = EncodeSnapshotManifest(Sample());
  for (const char* path : {"",
                           "CURRENT",
                           "account",
                           "account/",
                           "account/.",
                           "account/..",
                           "account/../CURRENT",
                           "../account/CURRENT",
                           "/account/CURRENT",
                           "account//CURRENT",
                           "account/a/b",
                           "other/CURRENT",
                           "Account/CURRENT",
                           "account/.hidden",
                           "account/a b",
                           "account/a\\x00b",
                           "account/\\xff",
                           "account/CURRENT/",
                           "SNAPSHOT",
                           "./account/CURRENT"}) {
    EXPECT_THAT(
        DecodeSnapshotManifest(
            Reforge(text, "file = account/CURRENT", std::string("file = ") + path), "/s/SNAPSHOT"),
        IsDamagedAt("file"))
        << path;
  }
}

TEST(SnapshotManifest, AcceptsTheEmptyStoreOfEveryFirstVersion) {
  SnapshotManifest manifest = SampleManifest(0);
  EXPECT_OK(DecodeSnapshotManifest(EncodeSnapshotManifest(manifest), "/s/SNAPSHOT"));
  manifest = SampleManifest(99);
  manifest.initial_version = 100;
  EXPECT_OK(DecodeSnapshotManifest(EncodeSnapshotManifest(manifest), "/s/SNAPSHOT"));
  manifest.initial_version = 101;
  EXPECT_THAT(DecodeSnapshotManifest(EncodeSnapshotManifest(manifest), "/s/SNAPSHOT"),
              IsDamagedAt("version"));
}

TEST(SnapshotManifest, RefusesTheVersionWithoutASuccessor) {
  const std::string text = EncodeSnapshotManifest(Sample());
  const std::string last = "\nversion = 9223372036854775807";
  EXPECT_THAT(DecodeSnapshotManifest(Reforge(text, "\nversion = 100", last), "/s/SNAPSHOT"),
              IsDamagedAt("wal-from"));
}

TEST(SnapshotManifest, OfAnotherBuildIsIncompatibleNamingBoth) {
  const std::string text = EncodeSnapshotManifest(Sample());
  EXPECT_THAT(
      DecodeSnapshotManifest(Reforge(text, "flatkv-snapshot 1", "flatkv-snapshot 2"),
                             "/s/SNAPSHOT"),
      AllOf(StatusIs(StatusCode::kFailedPrecondition,
                     AllOf(HasSubstr("/s/SNAPSHOT"), HasSubstr("format 2"), HasSubstr("format 1"))),
            HasReason(Reason::kIncompatibleFormat)));
  EXPECT_THAT(
      DecodeSnapshotManifest(Reforge(text, "flatkv-keys-1", "flatkv-keys-2"), "/s/SNAPSHOT"),
      AllOf(StatusIs(StatusCode::kFailedPrecondition,
                     AllOf(HasSubstr("flatkv-keys-1"), HasSubstr("flatkv-keys-2"))),
            HasReason(Reason::kIncompatibleFormat)));
}

}  // namespace
}  // namespace flatkv
