// The state in an archive, to be compared with that of a store or with another archive.
//
// Thread safety: as StateSource; its sides read at the same time.
#pragma once

#include <memory>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/state_reader.h"

namespace flatkv {

// Reads every chunk once, to check its digest and to know its keys; a chunk's rows are checked when
// a comparison walks over them. `fs` outlives the source; `threads` hash. Errors: those of
// ArchiveReader::Open; kDataLoss with Reason::kArchiveCorrupt naming the chunk.
StatusOr<std::unique_ptr<StateSource>> OpenArchiveSource(FileSystem& fs, const std::string& path,
                                                         size_t threads);

}  // namespace flatkv
