#include "flatkv/snapshot/store_swap.h"

#include <fmt/format.h>

#include <memory>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/quarantine.h"
#include "flatkv/snapshot/random_id.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-swap";
constexpr int kFormat = 1;
constexpr size_t kIdDigits = 32;
constexpr uint64_t kRecordBytesMax = 64 << 10;

std::string RecordPath(const std::string& staging) { return JoinPath(staging, kSwapName); }

StatusOr<std::optional<SwapRecord>> ReadSwapRecord(FileSystem& fs, const std::string& staging) {
  const std::string path = RecordPath(staging);
  const StatusOr<std::string> text = ReadRecordFile(fs, path, kRecordBytesMax);
  if (IsNotFound(text.status())) {
    return std::optional<SwapRecord>();
  }
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(SwapRecord record, DecodeSwapRecord(*text, path));
  return std::optional<SwapRecord>(std::move(record));
}

// Under another name first: a staging directory is either whole or plainly on its way out.
Status RemoveStagingDirectory(FileSystem& fs, const std::string& home, const std::string& staging) {
  const std::string removing = staging + std::string(kRemovingSuffix);
  RETURN_IF_ERROR(fs.Rename(staging, removing));
  RETURN_IF_ERROR(fs.SyncDir(home));
  return RemoveTreeDurably(fs, removing);
}

// What an interrupted removal left.
Status RemoveLeftovers(FileSystem& fs, const std::string& home) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(home));
  for (std::string_view name : names) {
    const std::string path = JoinPath(home, name);
    if (!name.ends_with(kRemovingSuffix)) {
      continue;
    }
    name.remove_suffix(kRemovingSuffix.size());
    if (ParseStagingName(name).has_value()) {
      RETURN_IF_ERROR(RemoveTreeDurably(fs, path));
    }
  }
  return OkStatus();
}

// After the swap: the old store aside, the staging directory gone. Each part may have been done.
StatusOr<std::string> MoveOldStoreAway(FileSystem& fs, const std::string& home,
                                       const SwapRecord& record, uint64_t now_unix_seconds) {
  const std::string staging = StagingPath(home, record.operation_id);
  // The swap must be durable before the old store is touched: without it a power cut could keep the
  // move and lose the swap.
  RETURN_IF_ERROR(fs.SyncDir(home));
  RETURN_IF_ERROR(fs.SyncDir(staging));
  std::string entry;
  ASSIGN_OR_RETURN(const bool has_old, Exists(fs, JoinPath(staging, kStoreName)));
  if (has_old) {
    const std::string reason = fmt::format("replaced by {} of version {}: {}", record.operation,
                                           record.version, record.reason);
    ASSIGN_OR_RETURN(
        entry, Quarantine(fs, home).SetAsideFrom(staging, kStoreName, reason, now_unix_seconds));
  }
  RETURN_IF_ERROR(RemoveStagingDirectory(fs, home, staging));
  return entry;
}

Status CheckStoreId(FileSystem& fs, const std::string& directory, std::string_view expected) {
  ASSIGN_OR_RETURN(const std::string found, StoreIdAt(fs, directory));
  return found == expected
             ? OkStatus()
             : FailedPrecondition(fmt::format("swap stores: {} has the store id \"{}\", not \"{}\"",
                                              directory, found, expected));
}

}  // namespace

std::string EncodeSwapRecord(const SwapRecord& record) {
  TextRecordWriter writer(kKind, kFormat);
  writer.AddText("operation", record.operation);
  writer.AddText("operation-id", record.operation_id);
  writer.AddText("reason", record.reason);
  writer.AddText("from-store-id", record.from_store_id);
  writer.AddText("to-store-id", record.to_store_id);
  writer.AddVersion("version", record.version);
  writer.AddDigest("root", record.root);
  return std::move(writer).Finish();
}

StatusOr<SwapRecord> DecodeSwapRecord(std::string_view text, std::string_view path) {
  TextRecordReader reader(text, path, kKind, kFormat);
  SwapRecord record;
  record.operation = reader.GetText("operation");
  record.operation_id = reader.GetText("operation-id");
  record.reason = reader.GetText("reason");
  record.from_store_id = reader.GetText("from-store-id");
  record.to_store_id = reader.GetText("to-store-id");
  record.version = reader.GetVersion("version");
  record.root = reader.GetDigest("root");
  if (!IsHexId(record.operation_id, kIdDigits)) {
    reader.Fail("the field \"operation-id\" is not 32 hexadecimal digits");
  }
  if (!IsHexId(record.to_store_id, kIdDigits)) {
    reader.Fail("the field \"to-store-id\" is not 32 hexadecimal digits");
  }
  RETURN_IF_ERROR(reader.Finish());
  return record;
}

std::string StagingPath(std::string_view home, std::string_view operation_id) {
  return JoinPath(home, fmt::format("{}{}", kStagingPrefix, operation_id));
}

std::string StagedStorePath(std::string_view home, std::string_view operation_id) {
  return JoinPath(StagingPath(home, operation_id), kStoreName);
}

std::optional<std::string> ParseStagingName(std::string_view name) {
  if (!name.starts_with(kStagingPrefix)) {
    return std::nullopt;
  }
  name.remove_prefix(kStagingPrefix.size());
  return IsHexId(name, kIdDigits) ? std::optional<std::string>(name) : std::nullopt;
}

StatusOr<std::string> StoreIdAt(FileSystem& fs, const std::string& store_directory) {
  const StatusOr<std::string> text =
      ReadRecordFile(fs, JoinPath(store_directory, kIdentityName), kRecordBytesMax);
  if (!text.ok()) {
    const bool says_none =
        IsNotFound(text.status()) || text.status().code() == StatusCode::kDataLoss;
    return says_none ? StatusOr<std::string>("") : StatusOr<std::string>(text.status());
  }
  constexpr std::string_view kLine = "\nstore-id = ";
  const size_t at = text->find(kLine);
  const std::string id = at == std::string::npos ? "" : text->substr(at + kLine.size(), kIdDigits);
  return IsHexId(id, kIdDigits) ? id : "";
}

StatusOr<std::string> SwapStores(FileSystem& fs, const std::string& home, const SwapRecord& record,
                                 uint64_t now_unix_seconds) {
  const std::string text = EncodeSwapRecord(record);
  RETURN_IF_ERROR(DecodeSwapRecord(text, "the new swap record").status());
  if (record.from_store_id == record.to_store_id) {
    return FailedPrecondition(
        fmt::format("swap stores: both have the store id {}", record.to_store_id));
  }
  const std::string store = JoinPath(home, kStoreName);
  const std::string staged = StagedStorePath(home, record.operation_id);
  ASSIGN_OR_RETURN(const bool has_store, Exists(fs, store));
  RETURN_IF_ERROR(CheckStoreId(fs, staged, record.to_store_id));
  RETURN_IF_ERROR(CheckStoreId(fs, store, record.from_store_id));
  RETURN_IF_ERROR(WriteFileDurably(fs, RecordPath(StagingPath(home, record.operation_id)), text));
  // A store that somebody makes between the two lines is not overwritten: its directory is not
  // empty, or has a LOCK that we do not hold.
  RETURN_IF_ERROR(has_store ? fs.Exchange(staged, store) : fs.Rename(staged, store));
  return MoveOldStoreAway(fs, home, record, now_unix_seconds);
}

StatusOr<std::vector<StagedStore>> ListStaged(FileSystem& fs, const std::string& home) {
  std::vector<StagedStore> staged;
  const StatusOr<std::vector<std::string>> names = fs.List(home);
  if (IsNotFound(names.status())) {
    return staged;
  }
  RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    if (!ParseStagingName(name).has_value()) {
      continue;
    }
    StagedStore store;
    store.name = name;
    store.path = JoinPath(home, name);
    ASSIGN_OR_RETURN(store.swap, ReadSwapRecord(fs, store.path));
    ASSIGN_OR_RETURN(store.bytes, TreeBytes(fs, store.path));
    staged.push_back(std::move(store));
  }
  return staged;
}

StatusOr<SwapRecovery> FinishSwaps(FileSystem& fs, const std::string& home,
                                   uint64_t now_unix_seconds) {
  SwapRecovery recovery;
  RETURN_IF_ERROR(RemoveLeftovers(fs, home));
  ASSIGN_OR_RETURN(std::vector<StagedStore> staged, ListStaged(fs, home));
  if (staged.empty()) {
    return recovery;
  }
  ASSIGN_OR_RETURN(const std::string store_id, StoreIdAt(fs, JoinPath(home, kStoreName)));
  for (StagedStore& store : staged) {
    // The ids say on which side of the swap a crash came: the staged store's is a new one.
    if (!store.swap.has_value() || store.swap->to_store_id != store_id ||
        ParseStagingName(store.name) != store.swap->operation_id) {
      recovery.unfinished.push_back(std::move(store));
      continue;
    }
    ASSIGN_OR_RETURN(const std::string entry,
                     MoveOldStoreAway(fs, home, *store.swap, now_unix_seconds));
    recovery.finished.push_back(fmt::format(
        "{} to version {}{}", store.swap->operation, store.swap->version,
        entry.empty() ? "" : fmt::format(": the store replaced is quarantine/{}", entry)));
  }
  return recovery;
}

Status RemoveStaged(FileSystem& fs, const std::string& home, const std::string& name) {
  if (!ParseStagingName(name).has_value()) {
    return InvalidArgument("remove a staging directory: not the name of one");
  }
  const std::string staging = JoinPath(home, name);
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, staging));
  if (!exists) {
    return NotFound(fmt::format("there is no {} in {}", name, home));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock, fs.Lock(JoinPath(staging, kLockName)));
  return RemoveStagingDirectory(fs, home, staging);
}

}  // namespace flatkv
