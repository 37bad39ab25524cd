#include "flatkv/snapshot/quarantine.h"

#include <fmt/format.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/quarantine_name.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-quarantine";
constexpr int kFormat = 1;
constexpr char kReasonName[] = "REASON";
constexpr uint64_t kReasonFileBytesMax = 1 << 20;

// A name in the store directory itself that can be moved away: neither the lock that we hold nor
// the directory that we move to.
bool IsItemName(std::string_view item) {
  return !item.empty() && item != "." && item != ".." && item.find('/') == std::string_view::npos &&
         item.find('\0') == std::string_view::npos && item != kQuarantineName &&
         item != kLockName && item != kReasonName;
}

std::string EncodeReason(const QuarantineEntry& entry) {
  TextRecordWriter writer(kKind, kFormat);
  writer.AddText("item", entry.item);
  writer.AddText("reason", entry.reason);
  writer.AddNumber("created-unix-seconds", entry.created_unix_seconds);
  return std::move(writer).Finish();
}

Status DecodeReason(std::string_view text, std::string_view path, QuarantineEntry* entry) {
  TextRecordReader reader(text, path, kKind, kFormat);
  const std::string item = reader.GetText("item");
  const std::string reason = reader.GetText("reason");
  const uint64_t created_unix_seconds = reader.GetNumber("created-unix-seconds");
  if (!IsItemName(item)) {
    reader.Fail("the field \"item\" is no plain name");
  }
  RETURN_IF_ERROR(reader.Finish());
  entry->item = item;
  entry->reason = reason;
  entry->created_unix_seconds = created_unix_seconds;
  return OkStatus();
}

// What is known of the entry at `directory`, whatever state a crash has left it in.
StatusOr<QuarantineEntry> ReadEntry(FileSystem& fs, const std::string& directory,
                                    std::string_view name, uint64_t created_unix_seconds) {
  QuarantineEntry entry;
  entry.name = name;
  entry.created_unix_seconds = created_unix_seconds;
  const std::string path = JoinPath(directory, kReasonName);
  const StatusOr<std::string> text = ReadRecordFile(fs, path, kReasonFileBytesMax);
  const Status decoded = text.ok() ? DecodeReason(*text, path, &entry) : text.status();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(directory));
  bool has_item = false;
  for (const std::string& child : names) {
    if (child == kReasonName || child.starts_with(std::string(kReasonName) + "-")) {
      continue;
    }
    has_item = true;
    if (!decoded.ok()) {
      entry.item = child;
    }
    ASSIGN_OR_RETURN(const uint64_t bytes, TreeBytes(fs, JoinPath(directory, child)));
    entry.bytes += bytes;
  }
  if (!decoded.ok()) {
    entry.reason = fmt::format("unknown: {}", MessageOf(decoded));
  } else if (!has_item) {
    entry.reason = fmt::format("nothing was moved: {}", entry.reason);
  }
  return entry;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree, and the trees are our own.
StatusOr<uint64_t> TreeBytes(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  if (info.type != FileType::kDirectory) {
    return info.type == FileType::kRegular ? info.size_bytes : 0;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(path));
  uint64_t bytes = 0;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const uint64_t child_bytes, TreeBytes(fs, JoinPath(path, name)));
    bytes += child_bytes;
  }
  return bytes;
}

Quarantine::Quarantine(FileSystem& fs, std::string directory)
    : fs_(fs), directory_(std::move(directory)) {}

// The reason is written before the move, so that nothing is ever here without one. An entry is not
// cleaned up after a failure: the move may have happened all the same.
StatusOr<std::string> Quarantine::SetAside(const std::string& item, const std::string& reason,
                                           uint64_t now_unix_seconds) {
  return SetAsideFrom(directory_, item, reason, now_unix_seconds);
}

StatusOr<std::string> Quarantine::SetAsideFrom(const std::string& source, const std::string& item,
                                               const std::string& reason,
                                               uint64_t now_unix_seconds) {
  if (!IsItemName(item)) {
    return InvalidArgument("quarantine: the item must be a plain name in the store directory");
  }
  const std::string from = JoinPath(source, item);
  RETURN_IF_ERROR(fs_.Stat(from).status());
  const std::string quarantine = JoinPath(directory_, kQuarantineName);
  QuarantineEntry entry;
  entry.item = item;
  entry.reason = reason;
  entry.created_unix_seconds = now_unix_seconds;
  std::string directory;
  bool exists = false;
  do {
    entry.name = NewQuarantineName(now_unix_seconds);
    directory = JoinPath(quarantine, entry.name);
    ASSIGN_OR_RETURN(exists, Exists(fs_, directory));
  } while (exists);
  RETURN_IF_ERROR(MakeDirsDurably(fs_, directory));
  RETURN_IF_ERROR(WriteFileDurably(fs_, JoinPath(directory, kReasonName), EncodeReason(entry)));
  RETURN_IF_ERROR(fs_.Rename(from, JoinPath(directory, item)));
  // The new name first: between the two syncs the item may have both names, but never none.
  RETURN_IF_ERROR(fs_.SyncDir(directory));
  RETURN_IF_ERROR(fs_.SyncDir(source));
  return entry.name;
}

StatusOr<std::vector<QuarantineEntry>> Quarantine::List() const {
  const std::string quarantine = JoinPath(directory_, kQuarantineName);
  const StatusOr<std::vector<std::string>> names = fs_.List(quarantine);
  std::vector<QuarantineEntry> entries;
  if (IsNotFound(names.status())) {
    return entries;
  }
  RETURN_IF_ERROR(names.status());
  for (std::string_view name : *names) {
    const std::string directory = JoinPath(quarantine, name);
    const bool is_removing = name.ends_with(kRemovingSuffix);
    if (is_removing) {
      name.remove_suffix(kRemovingSuffix.size());
    }
    const std::optional<uint64_t> created_unix_seconds = ParseQuarantineName(name);
    if (!created_unix_seconds.has_value()) {
      continue;
    }
    ASSIGN_OR_RETURN(QuarantineEntry entry, ReadEntry(fs_, directory, name, *created_unix_seconds));
    if (is_removing) {
      entry.reason = "its removal was interrupted: remove it again";
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// Under another name first, so that an entry is either whole or plainly on its way out.
Status Quarantine::Remove(const std::string& name) {
  if (!ParseQuarantineName(name).has_value()) {
    return InvalidArgument("quarantine: not the name of an entry");
  }
  const std::string quarantine = JoinPath(directory_, kQuarantineName);
  const std::string path = JoinPath(quarantine, name);
  const std::string removing = path + std::string(kRemovingSuffix);
  ASSIGN_OR_RETURN(const bool exists, Exists(fs_, path));
  ASSIGN_OR_RETURN(const bool is_removing, Exists(fs_, removing));
  if (!exists && !is_removing) {
    return NotFound(fmt::format("quarantine: there is no entry {}", name));
  }
  if (exists) {
    RETURN_IF_ERROR(fs_.Rename(path, removing));
    RETURN_IF_ERROR(fs_.SyncDir(quarantine));
  }
  return RemoveTreeDurably(fs_, removing);
}

}  // namespace flatkv
