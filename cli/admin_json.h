// The JSON shapes of what StoreAdmin answers with. Field names are a contract: scripts read them.
#pragma once

#include "cli/output.h"
#include "flatkv/store/store_admin.h"

namespace flatkv::cli {

// {id, version, reason, created_unix_seconds}
OrderedJson ToJson(const Pin& pin);
// {version, root, current, pins: [...], leases, files, bytes, created_unix_seconds, suite}
OrderedJson ToJson(const SnapshotSummary& summary);
// That, and {store_id, operation_id, build, engine, key_format, wal_from, data_dbs: {account:
// {rows, bytes, checksum, modules: {evm: {rows, bytes, checksum} ...}} ...}, file_list: [{path,
// bytes, digest}]}
OrderedJson ToDetailedJson(const SnapshotSummary& summary);
// {from, target, target_root, method, base or null, replay_from, removed_snapshots, removed_pins,
// steps}
OrderedJson ToJson(const RollbackPlan& plan);
// {snapshots, wal_below}
OrderedJson ToJson(const PrunePlan& plan);
// {version, root, findings, snapshots, files, versions, rows, seconds}
OrderedJson ToJson(const VerifyReport& report);
// {name, item, reason, created_unix_seconds, bytes}
OrderedJson ToJson(const QuarantineEntry& entry);
// {oldest_retained, oldest_undo, current, snapshots, snapshot_bytes, undo_bytes, pins, open_views,
// quarantine_entries, quarantine_bytes, on_dirty_store, activity: {policy, running, last_version,
// last_seconds, taken, failed, last_error}}
OrderedJson ToJson(const RetentionInfo& info);

// {data_dbs: {account: {bytes_before, bytes_after} ...}, seconds}
OrderedJson ToJson(const CompactReport& report);
// {state, interval_seconds, bytes_per_second, phase, started_unix_seconds, bytes,
// last_end_unix_seconds, last_seconds, last_bytes, last_findings, findings, bytes_since_open,
// passes_since_open, error}
OrderedJson ToJson(const ScrubStatus& status);

// "undo" or "replay".
std::string_view MethodName(RollbackMethod method);

}  // namespace flatkv::cli
