#include "flatkv/snapshot/pins.h"

#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::HasReason;
using test::kStore;
using test::MemFileSystem;
using test::Reforge;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PinsTest : public testing::Test {
 protected:
  PinsTest() : pins_(disk_, kStore) { EXPECT_OK(MakeDirsDurably(disk_, kStore)); }

  static std::string PathOf(const std::string& name) { return "/store/pins/" + name; }
  void ExpectDamaged(const std::string& name, const std::string& what) {
    EXPECT_THAT(pins_.List(), AllOf(StatusIs(StatusCode::kDataLoss,
                                             AllOf(HasSubstr(PathOf(name)), HasSubstr(what))),
                                    HasReason(Reason::kSnapshotCorrupt)));
  }

  MemFileSystem disk_;
  Pins pins_;
};

TEST_F(PinsTest, AreNoneInANewStore) {
  EXPECT_THAT(*pins_.List(), IsEmpty());
  EXPECT_EQ(test::TreeText(disk_, kStore), "");
}

TEST_F(PinsTest, AreListedByVersionThenAge) {
  ASSERT_OK_AND_ASSIGN(const Pin a, pins_.Add(20, "a", 300));
  ASSERT_OK_AND_ASSIGN(const Pin b, pins_.Add(20, "b", 200));
  ASSERT_OK_AND_ASSIGN(const Pin c, pins_.Add(10, "c\n\xff", 400));
  EXPECT_THAT(*pins_.List(), ElementsAre(c, b, a));
  EXPECT_EQ(a.version, 20);
  EXPECT_EQ(a.reason, "a");
  EXPECT_EQ(a.created_unix_seconds, 300u);
  EXPECT_EQ(a.id.size(), 16u);
  EXPECT_THAT(*Pins(disk_, kStore).List(), ElementsAre(c, b, a));
}

TEST_F(PinsTest, AreTheDocumentedText) {
  ASSERT_OK_AND_ASSIGN(const Pin pin, pins_.Add(20, "for the audit", 300));
  EXPECT_EQ(*ReadFile(disk_, PathOf(pin.id), 4096),
            test::WithChecksum("flatkv-pin 1\nid = " + pin.id +
                               "\nversion = 20\nreason = for the audit\n"
                               "created-unix-seconds = 300\n"));
}

TEST_F(PinsTest, NeedAReasonOfFittingLength) {
  EXPECT_THAT(pins_.Add(1, "", 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(pins_.Add(1, std::string(257, 'x'), 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(pins_.Add(-1, "x", 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(*pins_.List(), IsEmpty());
  // The longest there can be, each byte escaped.
  EXPECT_OK(pins_.Add(1, std::string(256, '\0'), UINT64_MAX));
  EXPECT_EQ(pins_.List()->size(), 1u);
}

TEST_F(PinsTest, GoOnlyByTheirOwnId) {
  ASSERT_OK_AND_ASSIGN(const Pin a, pins_.Add(20, "a", 300));
  ASSERT_OK_AND_ASSIGN(const Pin b, pins_.Add(20, "b", 300));
  const std::string other =
      a.id == std::string(16, '0') ? std::string(16, '1') : std::string(16, '0');
  EXPECT_THAT(pins_.Remove(other),
              StatusIs(StatusCode::kNotFound, AllOf(HasSubstr(a.id), HasSubstr(b.id))));
  ASSERT_OK(pins_.Remove(a.id));
  EXPECT_THAT(*pins_.List(), ElementsAre(b));
  EXPECT_THAT(pins_.Remove(a.id), StatusIs(StatusCode::kNotFound, HasSubstr(b.id)));
  ASSERT_OK(pins_.Remove(b.id));
  EXPECT_THAT(pins_.Remove(b.id), StatusIs(StatusCode::kNotFound, HasSubstr("none")));
}

TEST_F(PinsTest, RemoveNeverFollowsAPath) {
  ASSERT_OK(pins_.Add(20, "a", 300));
  ASSERT_OK(WriteFileDurably(disk_, "/store/0123456789abcd", "precious"));
  const std::string before = test::TreeText(disk_, "/");
  for (const std::string& id :
       {std::string(), std::string("."), std::string(".."), std::string("../0123456789abcd"),
        std::string("0123456789ABCDEF"), std::string("0123456789abcdef0"),
        std::string("0123456789abcde\0", 16), std::string("/store/012345678")}) {
    EXPECT_THAT(pins_.Remove(id), StatusIs(StatusCode::kInvalidArgument)) << id;
  }
  EXPECT_EQ(test::TreeText(disk_, "/"), before);
}

TEST_F(PinsTest, ADamagedOneIsNamedAndHidesNothing) {
  ASSERT_OK_AND_ASSIGN(const Pin pin, pins_.Add(20, "a", 300));
  const std::string text = *ReadFile(disk_, PathOf(pin.id), 4096);
  for (size_t at = 0; at < text.size(); ++at) {
    disk_.FlipBit(PathOf(pin.id), at, static_cast<unsigned>(at % 8));
    ExpectDamaged(pin.id, "checksum");
    disk_.FlipBit(PathOf(pin.id), at, static_cast<unsigned>(at % 8));
  }
  disk_.Overwrite(PathOf(pin.id), Reforge(text, "reason = a", "reason = "));
  ExpectDamaged(pin.id, "reason");
  disk_.Overwrite(PathOf(pin.id), Reforge(text, "version = 20", "version = x"));
  ExpectDamaged(pin.id, "version");
  disk_.Overwrite(PathOf(pin.id), std::string(5000, 'x'));
  ExpectDamaged(pin.id, "5000 bytes");
  disk_.Overwrite(PathOf(pin.id), "");
  ExpectDamaged(pin.id, "checksum");
  // The way out.
  EXPECT_OK(pins_.Remove(pin.id));
  EXPECT_THAT(*pins_.List(), IsEmpty());
}

TEST_F(PinsTest, AForeignFileIsNamed) {
  ASSERT_OK_AND_ASSIGN(const Pin pin, pins_.Add(20, "a", 300));
  ASSERT_OK(disk_.Link(PathOf(pin.id), PathOf("stray")));
  ExpectDamaged("stray", "name");
  ASSERT_OK(disk_.RemoveFile(PathOf("stray")));
  const std::string id(16, 'a');
  ASSERT_OK(disk_.Link(PathOf(pin.id), PathOf(id)));
  ExpectDamaged(id, "\"id\"");
  ASSERT_OK(disk_.RemoveFile(PathOf(id)));
  ASSERT_OK(disk_.Symlink(pin.id, PathOf(id)));
  ExpectDamaged(id, "regular");
}

TEST_F(PinsTest, LeftoversOfAnAddAreNoPinsAndGoWithTheNext) {
  ASSERT_OK_AND_ASSIGN(const Pin a, pins_.Add(20, "a", 300));
  const std::string leftover = PathOf(std::string(16, 'a') + "-tmp");
  ASSERT_OK(WriteSynced(disk_, leftover, "half a pi"));
  EXPECT_THAT(*pins_.List(), ElementsAre(a));
  ASSERT_OK_AND_ASSIGN(const Pin b, pins_.Add(21, "b", 300));
  EXPECT_FALSE(*Exists(disk_, leftover));
  EXPECT_THAT(*pins_.List(), ElementsAre(a, b));
}

}  // namespace
}  // namespace flatkv
