#include "flatkv/snapshot/copy_file.h"

#include <fmt/format.h>

#include "flatkv/snapshot/file_hasher.h"
#include "flatkv/snapshot/file_pieces.h"
#include "flatkv/snapshot/record_file.h"

namespace flatkv {

Status CopyFileSynced(FileSystem& fs, const std::string& from, const std::string& to,
                      const SnapshotFile& expected) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.Create(to));
  FileHasher hasher;
  uint64_t size_bytes = 0;
  RETURN_IF_ERROR(ReadInPieces(fs, from, [&](std::string_view piece) {
    hasher.Add(piece);
    size_bytes += piece.size();
    return file->Append(piece);
  }));
  if (size_bytes != expected.size_bytes || hasher.Digest() != expected.digest) {
    return SnapshotCorrupt(from, "its content is not what the snapshot's manifest says");
  }
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace flatkv
