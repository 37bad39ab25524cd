// Where the blocks of a run come from: a workload, or a change-set file.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/block.h"
#include "bench/workload.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::bench {

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // Overwrites *block; false when there are no more. The first preload_blocks() are the preload.
  virtual StatusOr<bool> Next(Block* block) = 0;
  virtual uint64_t preload_blocks() const = 0;
};

// The preload, then measured blocks without end. Errors: those of ValidateWorkload.
StatusOr<std::unique_ptr<BlockSource>> NewWorkloadSource(const WorkloadOptions& options);
// The versions of a file, the first `preload_blocks` of which are the preload. Errors: those of
// ChangeSetFileReader.
StatusOr<std::unique_ptr<BlockSource>> OpenFileSource(FileSystem& fs, const std::string& path,
                                                      uint64_t preload_blocks);

}  // namespace flatkv::bench
