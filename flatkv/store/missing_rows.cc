#include "flatkv/store/missing_rows.h"

#include <algorithm>
#include <cstddef>

namespace flatkv {
namespace {

// Rows to one part: enough for neighbours to share a block, few enough that no thread is the last
// one at work for long.
constexpr size_t kPartRowsMax = 8;
constexpr size_t kPartsPerThread = 4;

// The device answers if one part in so many had to ask it.
constexpr size_t kDevicePartsOneIn = 4;

void ReadOne(StoredRows& stored, MissingRow* missing) {
  const StatusOr<bool> found = stored.Read(missing->db, missing->key, &missing->row);
  missing->status = found.status();
  missing->found = found.ok() && *found;
}

}  // namespace

void MissingRowReader::Read(StoredRows& stored, ThreadPool& compute,
                            std::span<MissingRow* const> rows) {
  if (rows.empty()) {
    return;
  }
  if (direct_.Wanted([&] { return stored.TableBytes(); })) {
    direct_.ParallelFor(compute, rows.size(), [&](size_t i) { ReadOne(stored, rows[i]); });
  } else {
    ReadThroughPageCache(stored, compute, rows);
  }
}

void MissingRowReader::ReadThroughPageCache(StoredRows& stored, ThreadPool& compute,
                                            std::span<MissingRow* const> rows) {
  ThreadPool& threads =
      device_answers_ || threads_.threads() <= compute.threads() ? threads_ : compute;
  const size_t part_rows =
      std::clamp<size_t>(rows.size() / (threads.threads() * kPartsPerThread), 1, kPartRowsMax);
  const size_t parts = (rows.size() + part_rows - 1) / part_rows;
  std::atomic<size_t> device_parts = 0;
  threads.ParallelFor(parts, [&](size_t part) {
    const uint64_t before = fs_.DeviceReadsOfThisThread();
    const size_t first = part * part_rows;
    for (MissingRow* const row : rows.subspan(first, std::min(part_rows, rows.size() - first))) {
      ReadOne(stored, row);
    }
    if (fs_.DeviceReadsOfThisThread() != before) {
      ++device_parts;
    }
  });
  device_answers_ = device_parts * kDevicePartsOneIn >= parts;
}

}  // namespace flatkv
