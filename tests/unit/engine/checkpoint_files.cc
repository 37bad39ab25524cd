#include "tests/unit/engine/checkpoint_files.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv::test {
namespace {

constexpr uint64_t kFileBytesMax = 64 << 20;

}  // namespace

StatusOr<std::string> ManifestName(FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(std::string name, ReadFile(fs, JoinPath(directory, "CURRENT"), kFileBytesMax));
  if (!name.ends_with('\n')) {
    return DataLoss("CURRENT has no line");
  }
  name.pop_back();
  return name;
}

StatusOr<ManifestState> StateOf(FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::string name, ManifestName(fs, directory));
  ASSIGN_OR_RETURN(const std::string manifest,
                   ReadFile(fs, JoinPath(directory, name), kFileBytesMax));
  return ReadManifest(manifest);
}

StatusOr<std::set<std::string>> NeededFiles(FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::string manifest, ManifestName(fs, directory));
  ASSIGN_OR_RETURN(const ManifestState state, StateOf(fs, directory));
  std::set<std::string> files = {"CURRENT", manifest};
  for (const ManifestTable& table : state.tables) {
    files.insert(fmt::format("{:06}.ldb", table.number));
  }
  return files;
}

Status CloneCheckpoint(FileSystem& fs, const std::string& checkpoint, const std::string& clone) {
  RETURN_IF_ERROR(fs.MakeDir(clone));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(checkpoint));
  for (const std::string& name : names) {
    const std::string from = JoinPath(checkpoint, name);
    if (name.ends_with(".sst")) {
      const std::string ldb = name.substr(0, name.size() - 4) + ".ldb";
      RETURN_IF_ERROR(fs.Link(from, JoinPath(clone, ldb)));
      continue;
    }
    ASSIGN_OR_RETURN(const std::string content, ReadFile(fs, from, kFileBytesMax));
    RETURN_IF_ERROR(WriteFileDurably(fs, JoinPath(clone, name), content));
  }
  return OkStatus();
}

StatusOr<Rows> RowsOfCheckpoint(FileSystem& fs, const std::string& checkpoint,
                                const std::string& clone) {
  RETURN_IF_ERROR(CloneCheckpoint(fs, checkpoint, clone));
  BackgroundThreads threads(1);
  StatusOr<Rows> rows = [&]() -> StatusOr<Rows> {
    ASSIGN_OR_RETURN(const std::unique_ptr<KvEngine> engine,
                     OpenLevelDbEngine(fs, threads, NullLogger(), clone, SmallOptions()));
    return ReadAll(*engine);
  }();
  RETURN_IF_ERROR(RemoveTreeDurably(fs, clone));
  return rows;
}

}  // namespace flatkv::test
