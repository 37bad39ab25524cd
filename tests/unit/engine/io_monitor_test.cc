#include "flatkv/engine/io_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "flatkv/engine/leveldb_status.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

TEST(IoMonitor, KeepsTheFirstFailedWrite) {
  IoMonitor monitor;
  EXPECT_OK(monitor.WriteFailure());
  EXPECT_OK(monitor.NoteWrite(OkStatus()));
  EXPECT_OK(monitor.WriteFailure());
  monitor.NoteWrite(ErrnoStatus("write", "/a", ENOSPC)).IgnoreError();
  monitor.NoteWrite(ErrnoStatus("fsync", "/b", EIO)).IgnoreError();
  EXPECT_THAT(monitor.WriteFailure(), StatusIs(StatusCode::kResourceExhausted, HasSubstr("/a")));
}

TEST(IoMonitor, GivesAnIoErrorTheCodeOfItsCause) {
  IoMonitor monitor;
  const Status full = monitor.NoteWrite(ErrnoStatus("write", "/s/misc/000005.ldb", ENOSPC));
  EXPECT_THAT(monitor.Explain(ToLevelDb(full), "/s/misc"),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("000005.ldb")));
  const Status descriptors = monitor.NoteRead(ErrnoStatus("open", "/s/misc/000007.ldb", EMFILE));
  EXPECT_THAT(monitor.Explain(ToLevelDb(descriptors), "/s/misc"),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("000007.ldb")));
  EXPECT_THAT(monitor.Explain(leveldb::Status::IOError("something else"), "/s/misc"),
              StatusIs(StatusCode::kUnknown, HasSubstr("something else")));
}

}  // namespace
}  // namespace flatkv::test
