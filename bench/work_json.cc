#include "bench/work_json.h"

namespace flatkv::bench {

nlohmann::json DescribeWorkload(const WorkloadOptions& workload) {
  const RowChoice& choice = workload.choice;
  nlohmann::json json = {
      {"shape", workload.shape == Shape::kStorage ? "storage" : "mixed"},
      {"rows", workload.rows},
      {"updates_per_block", workload.updates_per_block},
      {"new_share", workload.new_share},
      {"delete_share", workload.delete_share},
      {"distribution", choice.distribution == Distribution::kUniform ? "uniform" : "zipf"},
      {"seed", workload.seed}};
  if (choice.distribution == Distribution::kZipf) {
    json["zipf_exponent"] = choice.zipf_exponent;
  }
  if (choice.hot_share > 0) {
    json["hot_share"] = choice.hot_share;
    json["hot_rows"] = choice.hot_rows;
  }
  return json;
}

nlohmann::json DescribeWork(const WorkOptions& work) {
  if (work.file.has_value()) {
    return {{"file", *work.file}, {"preload_blocks", work.file_preload_blocks}};
  }
  return DescribeWorkload(work.workload);
}

}  // namespace flatkv::bench
