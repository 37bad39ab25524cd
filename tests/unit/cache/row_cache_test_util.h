// A cache with short calls for tests, and rows to put into it.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "flatkv/cache/row_cache.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {

// With this budget all keys share one bucket of 15 lines.
inline constexpr uint64_t kOneBucket = 1024;

// The physical key of a storage slot has this length.
inline std::string KeyOf(uint64_t i) { return fmt::format("{:057}", i); }

// `size` bytes that say which key and which write they belong to.
inline std::string RowOf(uint64_t key, uint64_t write, size_t size = 41) {
  std::string row = fmt::format("{}/{}/", key, write);
  row.resize(size, static_cast<char>('a' + (key + write) % 26));
  return row;
}

class TestCache {
 public:
  explicit TestCache(uint64_t budget_bytes, uint64_t first_bytes = RowCache::kFirstBytes)
      : cache_(*RowCache::Create(budget_bytes, first_bytes)) {}

  RowCache& operator*() { return *cache_; }
  RowCache* operator->() { return cache_.get(); }

  RowFingerprint Of(uint64_t key) const { return fingerprinter_.Of(DataDb::kStorage, KeyOf(key)); }
  std::optional<std::string> Find(uint64_t key) {
    std::string row;
    RowTicket ticket;
    return cache_->Find(Of(key), &row, &ticket) ? std::optional(std::move(row)) : std::nullopt;
  }
  // A ticket for the key, cached or not.
  RowTicket Ticket(uint64_t key) {
    std::string row;
    RowTicket ticket;
    cache_->Find(Of(key), &row, &ticket);
    return ticket;
  }
  // How many of the keys from `first` to below `end` are cached.
  uint64_t CountCached(uint64_t first, uint64_t end) {
    uint64_t cached = 0;
    for (uint64_t key = first; key < end; ++key) {
      if (Find(key).has_value()) {
        ++cached;
      }
    }
    return cached;
  }
  void Put(uint64_t key, const std::string& row) { cache_->Put(Of(key), row); }
  void Remove(uint64_t key) { cache_->Remove(Of(key)); }
  void PutRead(uint64_t key, const std::string& row, RowTicket ticket) {
    cache_->PutRead(Of(key), row, ticket);
  }
  // What a reader does: asks, and fills what is missing.
  void Read(uint64_t key, const std::string& row) {
    std::string found;
    RowTicket ticket;
    if (!cache_->Find(Of(key), &found, &ticket)) {
      PutRead(key, row, ticket);
    }
  }

 private:
  const RowFingerprinter fingerprinter_ = RowFingerprinter::FromSeed(1);
  std::unique_ptr<RowCache> cache_;
};

}  // namespace flatkv::test
