// Cost of hashing rows, for every kernel that this CPU runs: BM_Accumulate/<suite>/<kernel> takes
// rows of the storage DB's shape (57-byte key, 41-byte value), alternately added and subtracted;
// BM_Checksum takes one vector.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "flatkv/lthash/row_hasher.h"

namespace flatkv {
namespace {

std::string RandomBytes(std::mt19937_64* random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)());
  return bytes;
}

// rows: how many in one call.
void BenchAccumulate(benchmark::State& state, const RowKernel& kernel, size_t rows, size_t key_size,
                     size_t value_size) {
  std::mt19937_64 random(1);
  const std::string keys = RandomBytes(&random, rows * key_size);
  const std::string values = RandomBytes(&random, rows * value_size);
  std::vector<RowElement> elements;
  for (size_t i = 0; i < rows; ++i) {
    elements.push_back({std::string_view(keys).substr(i * key_size, key_size),
                        std::string_view(values).substr(i * value_size, value_size), i % 2 == 0});
  }
  LtHash sum;
  while (state.KeepRunning()) {
    kernel.accumulate(elements, &sum);
    benchmark::DoNotOptimize(sum);
  }
  const auto hashed = static_cast<double>(state.iterations()) * static_cast<double>(rows);
  state.SetItemsProcessed(static_cast<int64_t>(hashed));
  state.counters["time/row"] =
      benchmark::Counter(hashed, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BenchChecksum(benchmark::State& state, Suite suite) {
  const RowHasher hasher(suite);
  LtHash sum;
  while (state.KeepRunning()) {
    ++sum.lanes()[0];
    benchmark::DoNotOptimize(hasher.Checksum(sum));
  }
}

void RegisterAll() {
  struct Shape {
    const char* suffix;
    size_t rows, key_size, value_size;
  };
  constexpr Shape kShapes[] = {{"", 512, 57, 41},
                               {"/rows:1", 1, 57, 41},
                               {"/rows:16", 16, 57, 41},
                               {"/code_24KB", 1, 25, 24576}};
  for (const Suite suite : {Suite::kSha256, Suite::kBlake3}) {
    const std::string suite_name(SuiteName(suite));
    for (const RowKernel& kernel : RowKernels(suite)) {
      for (const Shape& shape : kShapes) {
        const std::string name =
            "BM_Accumulate/" + suite_name + "/" + std::string(kernel.name) + shape.suffix;
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          BenchAccumulate(state, kernel, shape.rows, shape.key_size, shape.value_size);
        });
      }
    }
    benchmark::RegisterBenchmark(("BM_Checksum/" + suite_name).c_str(),
                                 [=](benchmark::State& state) { BenchChecksum(state, suite); });
  }
}

}  // namespace
}  // namespace flatkv

int main(int argc, char** argv) {
  flatkv::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
