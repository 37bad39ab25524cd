#include "flatkv/engine/io_monitor.h"

#include "flatkv/engine/leveldb_status.h"

namespace flatkv {

Status IoMonitor::NoteWrite(Status status) {
  if (!status.ok()) {
    MutexLock lock(mu_);
    if (write_failure_.ok()) {
      write_failure_ = status;
      write_failed_ = true;
    }
  }
  return status;
}

Status IoMonitor::NoteRead(Status status) {
  if (!status.ok()) {
    MutexLock lock(mu_);
    read_failure_ = status;
  }
  return status;
}

Status IoMonitor::WriteFailure() {
  if (!write_failed_) {
    return OkStatus();
  }
  MutexLock lock(mu_);
  return write_failure_;
}

Status IoMonitor::Explain(const leveldb::Status& status, const std::string& path) {
  if (!status.IsIOError()) {
    return FromLevelDb(status, path);
  }
  const std::string text = status.ToString();
  MutexLock lock(mu_);
  for (const Status* cause : {&write_failure_, &read_failure_}) {
    if (!cause->ok() && text.find(MessageOf(*cause)) != std::string::npos) {
      return Annotate(*cause, "leveldb " + path);
    }
  }
  return FromLevelDb(status, path);
}

}  // namespace flatkv
