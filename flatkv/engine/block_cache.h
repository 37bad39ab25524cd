// LevelDB's cache of uncompressed table blocks, shared by several engines.
#pragma once

#include <cstddef>
#include <memory>

namespace leveldb {
class Cache;
}

namespace flatkv {

// Thread-safe; must outlive the engines that use it.
std::shared_ptr<leveldb::Cache> NewBlockCache(size_t capacity_bytes);

}  // namespace flatkv
