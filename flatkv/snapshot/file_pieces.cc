#include "flatkv/snapshot/file_pieces.h"

#include <algorithm>

#include "flatkv/snapshot/record_file.h"

namespace flatkv {

Status ReadInPieces(FileSystem& fs, const std::string& path,
                    const std::function<Status(std::string_view piece)>& use) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  if (info.type != FileType::kRegular) {
    return SnapshotCorrupt(path, "it is not a regular file");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, fs.OpenRead(path));
  // One byte more than the file holds, so that the first read of a small file sees its end.
  std::string buffer(std::min<uint64_t>(info.size_bytes + 1, kFilePieceBytes), '\0');
  uint64_t offset = 0;
  while (true) {
    ASSIGN_OR_RETURN(const size_t read_bytes, file->Read(offset, buffer.size(), buffer.data()));
    if (read_bytes > 0) {
      RETURN_IF_ERROR(use(std::string_view(buffer.data(), read_bytes)));
    }
    if (read_bytes < buffer.size()) {
      return OkStatus();
    }
    offset += read_bytes;
  }
}

}  // namespace flatkv
