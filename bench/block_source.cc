#include "bench/block_source.h"

#include <utility>

#include "bench/change_set_file.h"

namespace flatkv::bench {
namespace {

class WorkloadSource final : public BlockSource {
 public:
  explicit WorkloadSource(const WorkloadOptions& options) : workload_(options) {}

  StatusOr<bool> Next(Block* block) override {
    if (given_++ < workload_.preload_blocks()) {
      workload_.NextPreload(block);
    } else {
      workload_.NextBlock(block);
    }
    return true;
  }
  uint64_t preload_blocks() const override { return workload_.preload_blocks(); }

 private:
  Workload workload_;
  uint64_t given_ = 0;
};

class FileSource final : public BlockSource {
 public:
  FileSource(std::unique_ptr<ChangeSetFileReader> reader, uint64_t preload_blocks)
      : reader_(std::move(reader)), preload_blocks_(preload_blocks) {}

  StatusOr<bool> Next(Block* block) override { return reader_->Next(block); }
  uint64_t preload_blocks() const override { return preload_blocks_; }

 private:
  const std::unique_ptr<ChangeSetFileReader> reader_;
  const uint64_t preload_blocks_;
};

}  // namespace

StatusOr<std::unique_ptr<BlockSource>> NewWorkloadSource(const WorkloadOptions& options) {
  RETURN_IF_ERROR(ValidateWorkload(options));
  return std::make_unique<WorkloadSource>(options);
}

StatusOr<std::unique_ptr<BlockSource>> OpenFileSource(FileSystem& fs, const std::string& path,
                                                      uint64_t preload_blocks) {
  ASSIGN_OR_RETURN(std::unique_ptr<ChangeSetFileReader> reader,
                   ChangeSetFileReader::Open(fs, path));
  return std::make_unique<FileSource>(std::move(reader), preload_blocks);
}

}  // namespace flatkv::bench
