#include "flatkv/engine/manifest_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "flatkv/engine/leveldb_log.h"

namespace flatkv {
namespace {

constexpr uint64_t kComparator = 1;
constexpr uint64_t kLogNumber = 2;
constexpr uint64_t kNextFile = 3;
constexpr uint64_t kLastSequence = 4;
constexpr uint64_t kCompactPointer = 5;
constexpr uint64_t kDeletedTable = 6;
constexpr uint64_t kNewTable = 7;
constexpr uint64_t kPreviousLog = 9;

constexpr uint64_t kLevels = 7;
// Every key in a MANIFEST ends in sequence and type.
constexpr size_t kKeyBytesMin = 8;

// Takes fields off the front of an edit. After the first one that is not there every further call
// returns zero or nothing, and ok() is false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view edit) : left_(edit) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return left_.empty(); }

  uint64_t Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; ok_ && !left_.empty() && shift < 64; shift += 7) {
      const uint64_t byte = static_cast<uint8_t>(left_.front());
      left_.remove_prefix(1);
      const uint64_t bits = byte & 0x7f;
      if (shift == 63 && bits > 1) {
        break;
      }
      value |= bits << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    ok_ = false;
    return 0;
  }

  int Level() {
    const uint64_t level = Varint();
    ok_ = ok_ && level < kLevels;
    return ok_ ? static_cast<int>(level) : 0;
  }

  std::string_view Bytes(size_t size_bytes_min) {
    const uint64_t size = Varint();
    ok_ = ok_ && size >= size_bytes_min && size <= left_.size();
    const std::string_view bytes = left_.substr(0, ok_ ? size : 0);
    left_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

class StateBuilder {
 public:
  // False if the edit is not one that LevelDB writes after those before.
  bool Apply(std::string_view edit) {
    FieldReader fields(edit);
    std::vector<ManifestTable> added;
    while (fields.ok() && !fields.AtEnd()) {
      if (!ApplyField(fields, &added)) {
        return false;
      }
    }
    // A table that moves to another level is deleted and added in one edit.
    for (const ManifestTable& table : added) {
      if (!tables_.emplace(table.number, table).second) {
        return false;
      }
    }
    return fields.ok();
  }

  std::optional<ManifestState> Finish() {
    if (!comparator_ || !log_number_ || !next_file_number_ || !last_sequence_) {
      return std::nullopt;
    }
    ManifestState state{
        *std::move(comparator_), *log_number_, *next_file_number_, *last_sequence_, {}};
    for (const auto& [number, table] : tables_) {
      state.tables.push_back(table);
    }
    return state;
  }

 private:
  bool ApplyField(FieldReader& fields, std::vector<ManifestTable>* added) {
    switch (fields.Varint()) {
      case kComparator:
        comparator_ = std::string(fields.Bytes(0));
        break;
      case kLogNumber:
        log_number_ = fields.Varint();
        break;
      case kNextFile:
        next_file_number_ = fields.Varint();
        break;
      case kLastSequence:
        last_sequence_ = fields.Varint();
        break;
      case kCompactPointer:
        fields.Level();
        fields.Bytes(kKeyBytesMin);
        break;
      case kDeletedTable: {
        const int level = fields.Level();
        const auto table = tables_.find(fields.Varint());
        if (!fields.ok() || table == tables_.end() || table->second.level != level) {
          return false;
        }
        tables_.erase(table);
        break;
      }
      case kNewTable: {
        ManifestTable& table = added->emplace_back();
        table.level = fields.Level();
        table.number = fields.Varint();
        table.size_bytes = fields.Varint();
        fields.Bytes(kKeyBytesMin);
        fields.Bytes(kKeyBytesMin);
        break;
      }
      case kPreviousLog:
        fields.Varint();
        break;
      default:
        return false;
    }
    return fields.ok();
  }

  std::optional<std::string> comparator_;
  std::optional<uint64_t> log_number_;
  std::optional<uint64_t> next_file_number_;
  std::optional<uint64_t> last_sequence_;
  std::map<uint64_t, ManifestTable> tables_;
};

}  // namespace

StatusOr<ManifestState> ReadManifest(std::string_view manifest) {
  ASSIGN_OR_RETURN(const std::vector<std::string> edits, ReadLogRecords(manifest));
  StateBuilder builder;
  for (size_t i = 0; i < edits.size(); ++i) {
    if (!builder.Apply(edits[i])) {
      return DataLoss(fmt::format("manifest: edit {} of {} is malformed", i + 1, edits.size()));
    }
  }
  std::optional<ManifestState> state = builder.Finish();
  if (!state.has_value()) {
    return DataLoss("manifest: comparator, log number, next file or last sequence is missing");
  }
  return *std::move(state);
}

}  // namespace flatkv
