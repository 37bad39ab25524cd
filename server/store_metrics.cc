#include "server/store_metrics.h"

#include "server/metric_list.h"

namespace flatkv::server {
namespace {

template <typename Number>
double D(Number number) {
  return static_cast<double>(number);
}

void CollectInfo(const StoreInfo& info, MetricList* list) {
  list->Gauge("flatkv_version_head", "The committed version.", D(info.version));
  list->Gauge("flatkv_version_pending",
              "The version with changes that are applied and not committed; 0: none.",
              D(info.pending_version));
  list->Gauge("flatkv_version_oldest_root", "The oldest version whose root can be asked; 0: none.",
              D(info.oldest_version));
  for (const DataDb db : kAllDataDbs) {
    list->Gauge("flatkv_db_rows", "Rows of a data DB at the committed version.",
                D(info.dbs[IndexOf(db)].rows), {{"db", NameOf(db)}});
  }
  for (const DataDb db : kAllDataDbs) {
    list->Gauge("flatkv_db_row_bytes", "Keys and values of a data DB at the committed version.",
                D(info.dbs[IndexOf(db)].bytes), {{"db", NameOf(db)}});
  }
  list->Gauge("flatkv_store_poisoned",
              "1 after a failed write or sync: the store takes no commits until a restart.",
              info.poisoned ? 1 : 0);
  list->Gauge("flatkv_store_corrupt",
              "1 if damage was found: the store takes no commits until it is repaired.",
              info.corrupt ? 1 : 0);
  const Backlog& backlog = info.backlog;
  list->Gauge("flatkv_lag_versions", "Versions committed and not yet handed to the data DBs.",
              D(backlog.versions));
  list->Gauge("flatkv_overlay_bytes", "Committed rows that are not yet in the data DBs.",
              D(backlog.overlay_bytes));
  list->Gauge("flatkv_db_level0_tables",
              "Tables not yet sorted into the others, of the data DB with the most.",
              D(backlog.level0_tables));
  list->Gauge("flatkv_db_compaction_debt_bytes", "What the data DBs' compactions are behind by.",
              D(backlog.compaction_debt_bytes));
  if (info.poisoned) {
    list->Gauge("flatkv_store_poison_info", "Why the store takes no commits.", 1,
                {{"reason", info.poison_reason}});
  }
}

void CollectRecovery(const RecoveryInfo& recovery, MetricList* list) {
  const Version replayed =
      recovery.replayed_from == 0 ? 0 : recovery.replayed_to - recovery.replayed_from + 1;
  list->Gauge("flatkv_recovery_dirty_start",
              "1 if the store had not been closed cleanly before this start.",
              recovery.was_dirty ? 1 : 0);
  list->Gauge("flatkv_recovery_seconds", "Time that opening the store took.", recovery.seconds);
  list->Gauge("flatkv_recovery_replayed_versions", "Versions replayed by opening the store.",
              D(replayed));
  list->Gauge("flatkv_recovery_rebuilt",
              "1 if opening the store made the working data DBs anew from a snapshot.",
              recovery.working_rebuilt.empty() ? 0 : 1);
  list->Gauge("flatkv_recovery_torn_bytes",
              "Bytes of never acknowledged records that opening the store cut off the changelog.",
              D(recovery.torn_bytes));
  list->Gauge("flatkv_recovery_set_aside_entries", "Quarantine entries made by opening the store.",
              D(recovery.set_aside.size()));
}

void CollectRetention(const RetentionInfo& retention, MetricList* list) {
  list->Gauge("flatkv_version_oldest", "The oldest version that rollback and reads reach; 0: none.",
              D(retention.oldest_retained));
  list->Gauge("flatkv_undo_oldest_version",
              "The oldest version that a rollback reaches without a clone; 0: none.",
              D(retention.oldest_undo));
  list->Gauge("flatkv_undo_bytes", "Size of the undo records.", D(retention.undo_bytes));
  list->Gauge("flatkv_views_open", "Old versions that are open for reading.",
              D(retention.open_views));
  list->Gauge("flatkv_quarantine_entries", "Parts of the store that recovery set aside.",
              D(retention.quarantine_entries));
  list->Gauge("flatkv_quarantine_bytes", "Size of what recovery set aside.",
              D(retention.quarantine_bytes));
}

void CollectScrub(const ScrubStatus& scrub, MetricList* list) {
  list->Gauge("flatkv_scrub_running", "1 while a scrub's pass is in progress and not paused.",
              scrub.state == "running" ? 1 : 0);
  list->Gauge("flatkv_scrub_findings", "What the scrub found damaged and not repaired since.",
              D(scrub.findings.size()));
  list->Gauge("flatkv_scrub_last_end_timestamp_seconds",
              "When the last pass of the scrub ended; 0: never.", D(scrub.last_end_unix_seconds));
  list->Gauge("flatkv_scrub_last_seconds", "Time that the scrub's last pass took.",
              D(scrub.last_seconds));
  list->Counter("flatkv_scrub_bytes_total", "Bytes that the scrub has read since the start.",
                D(scrub.bytes_since_open));
}

}  // namespace

std::vector<prometheus::MetricFamily> StoreMetrics::Collect() const {
  MetricList list;
  const StoreInfo info = store_.Info();
  const StoreStats stats = store_.Stats();
  const RetentionInfo retention = store_.admin().Retention();
  list.Gauge("flatkv_store_info", "What the store is and how it is kept.", 1,
             {{"store_id", info.store_id},
              {"suite", SuiteName(info.suite)},
              {"hash_kernel", stats.hash_kernel},
              {"wal_sync", options_.wal_sync},
              {"snapshot_policy", retention.activity.policy},
              {"on_dirty_store", retention.on_dirty_store}});
  CollectInfo(info, &list);
  CollectStats(stats, &list);
  CollectRetention(retention, &list);
  CollectSnapshots(retention, &list);
  CollectRecovery(store_.recovery(), &list);
  CollectScrub(store_.admin().Scrub(ScrubAction::kStatus).value_or(ScrubStatus()), &list);
  return list.Take();
}

void StoreMetrics::CollectStats(const StoreStats& stats, MetricList* list) const {
  list->Gauge("flatkv_overlay_rows", "Number of the committed rows not yet in the data DBs.",
              D(stats.overlay_rows));
  list->Gauge("flatkv_overlay_max_bytes", "[store] overlay-bytes: a full overlay slows commits.",
              D(options_.overlay_bytes_max));
  list->Gauge("flatkv_row_cache_bytes", "Rows in the row cache.", D(stats.row_cache_bytes));
  list->Gauge("flatkv_row_cache_rows", "Number of rows in the row cache.", D(stats.row_cache_rows));
  list->Counter("flatkv_row_cache_hits_total", "Rows found in the row cache.",
                D(stats.row_cache_hits));
  list->Counter("flatkv_row_cache_misses_total", "Rows looked for there in vain.",
                D(stats.row_cache_misses));
  list->Gauge("flatkv_key_filter_bytes", "Size of the key filter.", D(stats.key_filter_bytes));
  list->Gauge("flatkv_key_filter_keys", "Keys in the key filter.", D(stats.key_filter_keys));
  list->Gauge("flatkv_key_filter_in_use", "0 while the key filter is off or still being filled.",
              stats.key_filter_in_use ? 1 : 0);
  list->Gauge("flatkv_direct_reads", "1 while rows are read past the page cache.",
              stats.direct_reads ? 1 : 0);
  list->Gauge("flatkv_db_disk_bytes", "Files of the working data DBs.", D(stats.db_bytes_on_disk));
  list->Gauge("flatkv_db_table_files", "Table files of the working data DBs.", D(stats.db_files));
  list->Gauge("flatkv_db_memtable_bytes", "Memtables of the data DBs.", D(stats.db_memtable_bytes));
  list->Counter("flatkv_db_written_bytes_total",
                "Bytes written to tables and manifests of the data DBs since they were opened.",
                D(stats.db_bytes_written));
  list->Counter("flatkv_write_behind_paused_seconds_total",
                "Pauses of the write-behind, so that compactions can keep up.",
                stats.write_behind_paused_seconds);
  list->Gauge("flatkv_wal_bytes", "Size of the changelog.", D(stats.wal_bytes));
  list->Gauge("flatkv_wal_segments", "Files of the changelog.", D(stats.wal_segments));
  list->Counter("flatkv_wal_appended_bytes_total",
                "Bytes appended to the changelog since it was opened.",
                D(stats.wal_appended_bytes));
  list->Counter("flatkv_wal_syncs_total", "Syncs of the changelog since it was opened.",
                D(stats.wal_syncs));
}

void StoreMetrics::CollectSnapshots(const RetentionInfo& retention, MetricList* list) const {
  const SnapshotActivity& activity = retention.activity;
  list->Gauge("flatkv_snapshots", "Snapshots that there are.", D(retention.snapshots.size()));
  list->Gauge("flatkv_snapshots_bytes", "Size of all snapshots; linked files count in each.",
              D(retention.snapshot_bytes));
  list->Gauge("flatkv_snapshot_pins", "Pins that keep snapshots.", D(retention.pins.size()));
  list->Gauge("flatkv_snapshot_current_version", "What the store starts from; 0: no snapshot yet.",
              D(retention.current));
  if (const auto current = store_.admin().ShowSnapshot(retention.current); current.ok()) {
    list->Gauge("flatkv_snapshot_current_timestamp_seconds",
                "When the current snapshot was taken, in seconds since 1970.",
                D(current->manifest.created_unix_seconds));
  }
  if (options_.snapshot_interval.has_value()) {
    list->Gauge("flatkv_snapshot_interval_versions",
                "[snapshot] interval: versions between two automatic snapshots.",
                D(*options_.snapshot_interval));
  }
  list->Gauge("flatkv_snapshot_running", "1 while a snapshot is being taken.",
              activity.running == 0 ? 0 : 1);
  list->Counter("flatkv_snapshots_taken_total", "Snapshots taken since the start.",
                D(activity.taken));
  list->Counter("flatkv_snapshots_failed_total", "Snapshots that failed since the start.",
                D(activity.failed));
  list->Gauge("flatkv_snapshot_last_failed", "1 if the latest attempt at a snapshot failed.",
              activity.last_error.empty() ? 0 : 1);
  list->Gauge("flatkv_snapshot_last_version", "The last snapshot taken since the start; 0: none.",
              D(activity.last_version));
  list->Gauge("flatkv_snapshot_last_seconds", "Time that the last snapshot took; 0: none yet.",
              activity.last_seconds);
}

}  // namespace flatkv::server
