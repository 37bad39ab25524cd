#include "bench/hash_part.h"

#include <algorithm>
#include <span>

#include "bench/clock.h"
#include "flatkv/base/thread_pool.h"

namespace flatkv::bench {
namespace {

// As the commit splits it: small enough to balance, large enough for the kernels' batches.
constexpr size_t kElementsPerTask = 512;

}  // namespace

HashPart MeasureHash(Suite suite, size_t threads, const std::vector<HashBlock>& blocks) {
  const RowHasher hasher(suite);
  ThreadPool pool("bench-hash", threads);
  std::chrono::nanoseconds time{};
  size_t elements = 0;
  for (const HashBlock& block : blocks) {
    const std::span<const RowElement> all(block.elements);
    const size_t tasks = (all.size() + kElementsPerTask - 1) / kElementsPerTask;
    std::vector<LtHash> sums(tasks);
    const Clock::time_point start = Clock::now();
    pool.ParallelFor(tasks, [&](size_t task) {
      const size_t begin = task * kElementsPerTask;
      hasher.Accumulate(all.subspan(begin, std::min(kElementsPerTask, all.size() - begin)),
                        &sums[task]);
    });
    LtHash sum;
    for (const LtHash& each : sums) {
      sum += each;
    }
    const Digest root = hasher.Checksum(sum);
    static_cast<void>(root);
    time += Clock::now() - start;
    elements += all.size();
  }
  HashPart part;
  part.suite = suite;
  part.kernel = std::string(hasher.kernel_name());
  part.threads = threads;
  part.ns_per_element = Seconds(time) * 1e9 / static_cast<double>(std::max<size_t>(1, elements));
  part.ms_per_block = Milliseconds(time) / static_cast<double>(std::max<size_t>(1, blocks.size()));
  return part;
}

nlohmann::json ToJson(const HashPart& part) {
  return {{"suite", SuiteName(part.suite)},
          {"kernel", part.kernel},
          {"threads", part.threads},
          {"ns_per_element", part.ns_per_element},
          {"ms_per_block", part.ms_per_block}};
}

}  // namespace flatkv::bench
