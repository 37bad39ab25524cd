#include "flatkv/snapshot/intent.h"

#include <fmt/format.h>

#include <array>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/random_id.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-intent";
constexpr int kFormat = 1;
constexpr size_t kOperationIdDigits = 32;
constexpr uint64_t kIntentBytesMax = 4096;
constexpr std::array<std::string_view, 4> kKindNames = {"rollback", "reorg", "migrate",
                                                        "reorg-commit"};
constexpr std::array<std::string_view, 2> kMethodNames = {"undo", "replay"};

// The position of the field's value among `names`; 0 and a failed reader if it is none of them.
template <size_t kNames>
size_t GetName(const std::array<std::string_view, kNames>& names, std::string_view field,
               TextRecordReader* reader) {
  const std::string_view value = reader->Get(field);
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == value) {
      return i;
    }
  }
  reader->Fail(fmt::format("the field \"{}\" has an unknown value", field));
  return 0;
}

void CheckFields(const Intent& intent, TextRecordReader* reader) {
  if (!IsHexId(intent.operation_id, kOperationIdDigits)) {
    reader->Fail(
        fmt::format("the field \"operation-id\" is not {} hexadecimal digits", kOperationIdDigits));
  }
  if (intent.kind == IntentKind::kMigrate) {
    return;
  }
  if (intent.target > intent.from) {
    reader->Fail("the field \"target\" is above \"from\"");
  }
  if (intent.base.has_value() && *intent.base > intent.target) {
    reader->Fail("the field \"base\" is above \"target\"");
  }
}

std::string PathOf(const std::string& directory) { return JoinPath(directory, kIntentName); }

}  // namespace

std::string EncodeIntent(const Intent& intent) {
  TextRecordWriter writer(kKind, kFormat);
  writer.Add("kind", kKindNames[static_cast<size_t>(intent.kind)]);
  writer.AddText("operation-id", intent.operation_id);
  writer.Add("method", kMethodNames[static_cast<size_t>(intent.method)]);
  writer.AddVersion("from", intent.from);
  writer.AddVersion("target", intent.target);
  if (intent.base.has_value()) {
    writer.AddVersion("base", *intent.base);
  }
  writer.AddNumber("created-unix-seconds", intent.created_unix_seconds);
  return std::move(writer).Finish();
}

StatusOr<Intent> DecodeIntent(std::string_view text, std::string_view path) {
  TextRecordReader reader(text, path, kKind, kFormat);
  Intent intent;
  intent.kind = static_cast<IntentKind>(GetName(kKindNames, "kind", &reader));
  intent.operation_id = reader.GetText("operation-id");
  intent.method = static_cast<RollbackMethod>(GetName(kMethodNames, "method", &reader));
  intent.from = reader.GetVersion("from");
  intent.target = reader.GetVersion("target");
  if (reader.NextIs("base")) {
    intent.base = reader.GetVersion("base");
  }
  intent.created_unix_seconds = reader.GetNumber("created-unix-seconds");
  CheckFields(intent, &reader);
  RETURN_IF_ERROR(reader.Finish());
  return intent;
}

Status WriteIntent(FileSystem& fs, const std::string& directory, const Intent& intent) {
  const std::string text = EncodeIntent(intent);
  const StatusOr<Intent> decoded = DecodeIntent(text, "the new intent");
  if (!decoded.ok()) {
    return InvalidArgument(MessageOf(decoded.status()));
  }
  ASSIGN_OR_RETURN(const std::optional<Intent> earlier, ReadIntent(fs, directory));
  if (earlier.has_value() && earlier->operation_id != intent.operation_id) {
    return WithReason(FailedPrecondition(fmt::format(
                          "write {}: the operation {} ({}) is in progress", PathOf(directory),
                          earlier->operation_id, kKindNames[static_cast<size_t>(earlier->kind)])),
                      Reason::kOperationInProgress);
  }
  return WriteFileDurably(fs, PathOf(directory), text);
}

StatusOr<std::optional<Intent>> ReadIntent(FileSystem& fs, const std::string& directory) {
  const std::string path = PathOf(directory);
  const StatusOr<std::string> text = ReadRecordFile(fs, path, kIntentBytesMax);
  if (IsNotFound(text.status())) {
    return std::optional<Intent>();
  }
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(Intent intent, DecodeIntent(*text, path));
  return std::optional<Intent>(std::move(intent));
}

Status ClearIntent(FileSystem& fs, const std::string& directory) {
  return RemoveFileDurably(fs, PathOf(directory));
}

std::string NewOperationId() { return RandomHex(kOperationIdDigits); }

}  // namespace flatkv
