// KvIterator over a leveldb::Iterator.
#pragma once

#include <leveldb/iterator.h>

#include <atomic>
#include <memory>
#include <string>

#include "flatkv/engine/io_monitor.h"
#include "flatkv/engine/kv_engine.h"

namespace flatkv {

// Counts itself in `live_iterators` for as long as it lives. `monitor` and `live_iterators` outlive
// it.
std::unique_ptr<KvIterator> MakeLevelDbIterator(std::unique_ptr<leveldb::Iterator> iterator,
                                                const std::string& path, IoMonitor& monitor,
                                                std::atomic<int64_t>& live_iterators);

// An iterator that is never valid and says why.
std::unique_ptr<KvIterator> MakeFailedIterator(Status status);

}  // namespace flatkv
