#include "flatkv/snapshot/pins.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/random_id.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-pin";
constexpr int kFormat = 1;
constexpr size_t kIdDigits = 16;
constexpr size_t kReasonBytesMax = 256;
constexpr uint64_t kPinBytesMax = 4096;

bool IsPinId(std::string_view name) { return IsHexId(name, kIdDigits); }

// What an Add that was cut short leaves: nobody was told of that pin.
bool IsLeftover(std::string_view name) {
  return name.ends_with(kTemporarySuffix) &&
         IsPinId(name.substr(0, name.size() - kTemporarySuffix.size()));
}

std::string EncodePin(const Pin& pin) {
  TextRecordWriter writer(kKind, kFormat);
  writer.Add("id", pin.id);
  writer.AddVersion("version", pin.version);
  writer.AddText("reason", pin.reason);
  writer.AddNumber("created-unix-seconds", pin.created_unix_seconds);
  return std::move(writer).Finish();
}

StatusOr<Pin> DecodePin(std::string_view text, std::string_view path, std::string_view id) {
  TextRecordReader reader(text, path, kKind, kFormat);
  Pin pin;
  pin.id = reader.Get("id");
  pin.version = reader.GetVersion("version");
  pin.reason = reader.GetText("reason");
  pin.created_unix_seconds = reader.GetNumber("created-unix-seconds");
  if (pin.id != id) {
    reader.Fail("the field \"id\" is not the name of the file");
  }
  if (pin.reason.empty() || pin.reason.size() > kReasonBytesMax) {
    reader.Fail("the field \"reason\" is empty or too long");
  }
  RETURN_IF_ERROR(reader.Finish());
  return pin;
}

// The names in the directory of the pins; none if it is not there.
StatusOr<std::vector<std::string>> Names(FileSystem& fs, const std::string& directory) {
  StatusOr<std::vector<std::string>> names = fs.List(directory);
  return IsNotFound(names.status()) ? std::vector<std::string>() : std::move(names);
}

}  // namespace

Pins::Pins(FileSystem& fs, std::string directory)
    : fs_(fs), directory_(JoinPath(directory, kPinsName)) {}

StatusOr<std::vector<Pin>> Pins::List() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(fs_, directory_));
  std::vector<Pin> pins;
  for (const std::string& name : names) {
    if (IsLeftover(name)) {
      continue;
    }
    const std::string path = JoinPath(directory_, name);
    if (!IsPinId(name)) {
      return SnapshotCorrupt(path, "its name is not that of a pin; move it elsewhere");
    }
    ASSIGN_OR_RETURN(const std::string text, ReadRecordFile(fs_, path, kPinBytesMax));
    ASSIGN_OR_RETURN(Pin pin, DecodePin(text, path, name));
    pins.push_back(std::move(pin));
  }
  std::sort(pins.begin(), pins.end(), [](const Pin& a, const Pin& b) {
    return std::tie(a.version, a.created_unix_seconds, a.id) <
           std::tie(b.version, b.created_unix_seconds, b.id);
  });
  return pins;
}

StatusOr<Pin> Pins::Add(Version version, const std::string& reason, uint64_t now_unix_seconds) {
  if (version < 0) {
    return InvalidArgument(fmt::format("pin: {} is no version", version));
  }
  if (reason.empty() || reason.size() > kReasonBytesMax) {
    return InvalidArgument(
        fmt::format("pin of version {}: the reason has {} bytes; it needs 1 to {}", version,
                    reason.size(), kReasonBytesMax));
  }
  RETURN_IF_ERROR(MakeDirsDurably(fs_, directory_));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  for (const std::string& name : names) {
    if (IsLeftover(name)) {
      RETURN_IF_ERROR(RemoveFileDurably(fs_, JoinPath(directory_, name)));
    }
  }
  Pin pin;
  do {
    pin.id = RandomHex(kIdDigits);
  } while (std::find(names.begin(), names.end(), pin.id) != names.end());
  pin.version = version;
  pin.reason = reason;
  pin.created_unix_seconds = now_unix_seconds;
  RETURN_IF_ERROR(WriteFileDurably(fs_, JoinPath(directory_, pin.id), EncodePin(pin)));
  return pin;
}

// By name alone, so that a damaged pin can be removed too.
Status Pins::Remove(const std::string& id) {
  if (!IsPinId(id)) {
    return InvalidArgument(
        fmt::format("remove pin: the id of a pin is {} hexadecimal digits", kIdDigits));
  }
  ASSIGN_OR_RETURN(std::vector<std::string> names, Names(fs_, directory_));
  std::erase_if(names, [](const std::string& name) { return !IsPinId(name); });
  if (std::find(names.begin(), names.end(), id) == names.end()) {
    return NotFound(
        fmt::format("remove pin {}: there is no such pin; those there are: {}", id,
                    names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  return RemoveFileDurably(fs_, JoinPath(directory_, id));
}

}  // namespace flatkv
