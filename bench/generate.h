// Change-set files: made from a workload, and described.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/workload.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct GenerateOptions {
  WorkloadOptions workload;
  uint64_t blocks = 200;  // after those of the preload
  std::string path;       // a new file
};

// Writes the file; versions from 1. A file that could not be finished is removed.
StatusOr<nlohmann::json> RunGenerate(const GenerateOptions& options);
void PrintGenerateResult(const nlohmann::json& result);

// Reads the whole file and checks it. Errors: those of ChangeSetFileReader.
StatusOr<nlohmann::json> DescribeFile(const std::string& path);
void PrintFileDescription(const nlohmann::json& result);

}  // namespace flatkv::bench
