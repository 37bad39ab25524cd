#include "flatkv/store/missing_rows.h"

#include <algorithm>
#include <cstddef>

namespace flatkv {
namespace {

// Rows to one task: enough for neighbours to share a block, few enough that no thread is the last
// one at work for long.
constexpr size_t kPartRowsMax = 8;
constexpr size_t kPartsPerThread = 4;

void Read(StoredRows& stored, MissingRow* missing) {
  const StatusOr<bool> found = stored.Read(missing->db, missing->key, &missing->row);
  missing->status = found.status();
  missing->found = found.ok() && *found;
}

}  // namespace

void ReadMissing(StoredRows& stored, ThreadPool& threads, std::span<MissingRow* const> rows) {
  const size_t part_rows =
      std::clamp<size_t>(rows.size() / (threads.threads() * kPartsPerThread), 1, kPartRowsMax);
  threads.ParallelFor((rows.size() + part_rows - 1) / part_rows, [&](size_t part) {
    const size_t first = part * part_rows;
    for (MissingRow* const row : rows.subspan(first, std::min(part_rows, rows.size() - first))) {
      Read(stored, row);
    }
  });
}

}  // namespace flatkv
