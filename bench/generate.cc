#include "bench/generate.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/block_source.h"
#include "bench/change_set_file.h"
#include "bench/work_json.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::bench {
namespace {

Status WriteBlocks(BlockSource& source, uint64_t count, ChangeSetFileWriter& writer) {
  Block block;
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const bool more, source.Next(&block));
    if (!more) {
      break;
    }
    RETURN_IF_ERROR(writer.Add(static_cast<Version>(i + 1), block.changes));
  }
  return writer.Finish();
}

}  // namespace

StatusOr<nlohmann::json> RunGenerate(const GenerateOptions& options) {
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, NewWorkloadSource(options.workload));
  ASSIGN_OR_RETURN(const std::unique_ptr<ChangeSetFileWriter> writer,
                   ChangeSetFileWriter::Create(fs, options.path));
  const uint64_t versions = source->preload_blocks() + options.blocks;
  if (const Status written = WriteBlocks(*source, versions, *writer); !written.ok()) {
    fs.RemoveFile(options.path).IgnoreError();
    return written;
  }
  return nlohmann::json{{"command", "generate"},
                        {"file", options.path},
                        {"workload", DescribeWorkload(options.workload)},
                        {"preload_blocks", source->preload_blocks()},
                        {"versions", versions},
                        {"bytes", writer->bytes()}};
}

void PrintGenerateResult(const nlohmann::json& result) {
  fmt::print("{}: versions 1 to {}, {:.1f} MiB; the first {} are the preload\n",
             result["file"].get<std::string>(), result["versions"].get<uint64_t>(),
             result["bytes"].get<double>() / (1 << 20), result["preload_blocks"].get<uint64_t>());
  fmt::print("measure it with: flatkv-bench commit --file {} --file-preload {} --home DIR\n",
             result["file"].get<std::string>(), result["preload_blocks"].get<uint64_t>());
}

StatusOr<nlohmann::json> DescribeFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ChangeSetFileReader> reader,
                   ChangeSetFileReader::Open(PosixFileSystem(), path));
  Block block;
  nlohmann::json modules = nlohmann::json::object();
  uint64_t versions = 0;
  uint64_t updates = 0;
  uint64_t removals = 0;
  uint64_t largest = 0;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader->Next(&block));
    if (!more) {
      break;
    }
    ++versions;
    updates += block.updates;
    largest = std::max<uint64_t>(largest, block.bytes.size());
    for (const NamedChangeSet& named : block.changes) {
      nlohmann::json& count = modules[std::string(named.module)];
      count = (count.is_null() ? 0 : count.get<uint64_t>()) + named.pairs.size();
      for (const KvPair& pair : named.pairs) {
        removals += pair.remove ? 1 : 0;
      }
    }
  }
  const Version last = reader->version();
  return nlohmann::json{
      {"command", "describe"},
      {"file", path},
      {"versions", versions},
      {"first_version", versions == 0 ? 0 : last - static_cast<Version>(versions) + 1},
      {"last_version", last},
      {"updates", updates},
      {"removals", removals},
      {"updates_of_module", std::move(modules)},
      {"largest_version_bytes", largest},
      {"bytes", reader->offset()}};
}

void PrintFileDescription(const nlohmann::json& result) {
  fmt::print(
      "{}: versions {} to {}, {} updates ({} removals), {:.1f} MiB, largest version {:.2f} "
      "MiB\n",
      result["file"].get<std::string>(), result["first_version"].get<Version>(),
      result["last_version"].get<Version>(), result["updates"].get<uint64_t>(),
      result["removals"].get<uint64_t>(), result["bytes"].get<double>() / (1 << 20),
      result["largest_version_bytes"].get<double>() / (1 << 20));
  for (const auto& [module, updates] : result["updates_of_module"].items()) {
    fmt::print("{:>12} {} updates\n", module, updates.get<uint64_t>());
  }
}

}  // namespace flatkv::bench
