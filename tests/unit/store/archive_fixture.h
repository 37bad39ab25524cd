// Stores that are exported and imported in tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flatkv/archive/archive_export.h"
#include "flatkv/archive/archive_verify.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/store/store_import.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/random_blocks.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {

// `at` unset: the head.
inline Status ExportStore(FileSystem& fs, Store& store, const std::string& directory,
                          std::optional<Version> at = std::nullopt, size_t threads = 2) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer,
                   OpenArchiveDirectory(fs, directory));
  ArchiveExport target(*writer);
  RETURN_IF_ERROR(target.Find());
  ExportOptions options;
  options.at = at;
  options.after = target.position();
  options.threads = threads;
  RETURN_IF_ERROR(store.admin().Export(options, target).status());
  return target.Finish();
}

inline ImportOptions ImportTo(const std::string& home, bool replace = false) {
  ImportOptions options;
  options.home = home;
  options.replace = replace;
  options.threads = 2;
  options.build = "test";
  return options;
}

// Blocks of every kind, with modules enough for an archive of several chunks, empty values, and a
// module whose rows are all removed again.
inline std::vector<OwnedBlock> ArchiveBlocks(Version versions, uint64_t seed = 11) {
  RandomBlocks random(seed);
  std::vector<OwnedBlock> blocks;
  for (Version version = 1; version <= versions; ++version) {
    OwnedBlock block = random.Next(version, 40);
    for (const char* module : {"acc", "gov", "mint", "zone"}) {
      block.Set(module, fmt::format("key{}", version), version % 3 == 0 ? "" : "value");
    }
    if (version == 1) {
      block.Set("gone", "x", "y");
    } else if (version == 2) {
      block.Remove("gone", "x");
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// A store at `home` with these blocks.
inline StatusOr<std::unique_ptr<Store>> StoreOf(FileSystem& fs, const std::string& home,
                                                const std::vector<OwnedBlock>& blocks, size_t count,
                                                Suite suite = Suite::kSha256) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   Store::Open(fs, NullLogger(), home, SmallStoreOptions(suite)));
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(CommitOwned(*store, blocks[i]).status());
  }
  return store;
}

}  // namespace flatkv::test
