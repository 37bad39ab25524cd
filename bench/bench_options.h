// The options that several subcommands share. Each function adds a group of options to `command`
// that write to the structs, which outlive the parsing.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/commit_bench.h"
#include "bench/store_settings.h"
#include "bench/workload.h"

namespace flatkv::bench {

void AddHomeOptions(CLI::App* command, bool required, std::string* home, bool* keep);
void AddWorkloadOptions(CLI::App* command, WorkloadOptions* workload);
// A change-set file instead of the workload, blocks to warm up, and how blocks are made.
void AddRunOptions(CLI::App* command, WorkOptions* work);
void AddStoreOptions(CLI::App* command, StoreSettings* settings);
void AddDaemonOptions(CLI::App* command, DaemonChoice* daemon);

}  // namespace flatkv::bench
