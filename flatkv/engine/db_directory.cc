#include "flatkv/engine/db_directory.h"

#include <fmt/format.h>

#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

StatusOr<bool> MustCreate(FileSystem& fs, const std::string& path) {
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  if (IsNotFound(names.status())) {
    return true;
  }
  RETURN_IF_ERROR(names.status());
  bool has_tables = false;
  for (const std::string& name : *names) {
    if (name == "CURRENT") {
      return false;
    }
    has_tables = has_tables || name.ends_with(".ldb") || name.ends_with(".sst");
  }
  if (has_tables) {
    return WithReason(
        DataLoss(fmt::format("open {}: the directory holds tables but no CURRENT", path)),
        Reason::kDataDbCorrupt);
  }
  return true;
}

Status MakeDirectory(FileSystem& fs, const std::string& path) {
  if (const Status made = fs.MakeDir(path);
      !made.ok() && made.code() != StatusCode::kAlreadyExists) {
    return made;
  }
  // Also for an existing directory: an attempt before may have failed between the two calls.
  return fs.SyncDir(ParentPath(path));
}

}  // namespace

StatusOr<bool> PrepareDbDirectory(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const bool create, MustCreate(fs, path));
  if (create) {
    RETURN_IF_ERROR(MakeDirectory(fs, path));
  }
  return create;
}

}  // namespace flatkv
