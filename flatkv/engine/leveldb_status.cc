#include "flatkv/engine/leveldb_status.h"

#include <fmt/format.h>

namespace flatkv {

leveldb::Status ToLevelDb(const Status& status) {
  const std::string_view message = MessageOf(status);
  const leveldb::Slice text(message.data(), message.size());
  switch (status.code()) {
    case StatusCode::kOk:
      return leveldb::Status::OK();
    case StatusCode::kNotFound:
      return leveldb::Status::NotFound(text);
    case StatusCode::kDataLoss:
      return leveldb::Status::Corruption(text);
    default:
      return leveldb::Status::IOError(text);
  }
}

Status FromLevelDb(const leveldb::Status& status, const std::string& path) {
  if (status.ok()) {
    return OkStatus();
  }
  const std::string message = fmt::format("leveldb {}: {}", path, status.ToString());
  if (status.IsNotFound()) {
    return NotFound(message);
  }
  if (status.IsCorruption()) {
    return WithReason(DataLoss(message), Reason::kDataDbCorrupt);
  }
  if (status.IsInvalidArgument()) {
    return FailedPrecondition(message);
  }
  if (status.IsNotSupportedError()) {
    return Internal(message);
  }
  return MakeStatus(StatusCode::kUnknown, message);
}

}  // namespace flatkv
