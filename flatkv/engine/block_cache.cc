#include "flatkv/engine/block_cache.h"

#include "leveldb/cache.h"

namespace flatkv {

std::shared_ptr<leveldb::Cache> NewBlockCache(size_t capacity_bytes) {
  return std::shared_ptr<leveldb::Cache>(leveldb::NewLRUCache(capacity_bytes));
}

}  // namespace flatkv
