// What the store says of itself, asked at every scrape: Info, Stats, Retention, the recovery. A
// commit pays nothing for it. A scrape waits while a rollback or a reorg works, as reads do.
//
// Thread safety: Collect may be called from any thread.
#pragma once

#include <prometheus/collectable.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flatkv/store/store.h"

namespace flatkv::server {

class MetricList;

// What the store does not tell.
struct StoreMetricsOptions {
  std::string wal_sync;
  uint64_t overlay_bytes_max = 0;
  // Between automatic snapshots; unset under another policy than "interval".
  std::optional<Version> snapshot_interval{};
};

class StoreMetrics final : public prometheus::Collectable {
 public:
  // `store` outlives the object.
  StoreMetrics(Store& store, StoreMetricsOptions options)
      : store_(store), options_(std::move(options)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  void CollectStats(const StoreStats& stats, MetricList* list) const;
  void CollectSnapshots(const RetentionInfo& retention, MetricList* list) const;

  Store& store_;
  const StoreMetricsOptions options_;
};

}  // namespace flatkv::server
