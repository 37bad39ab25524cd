// Goal: nothing that is not the state of one version becomes an archive, and what is wrong is
// named.
#include <gtest/gtest.h>

#include <functional>

#include "flatkv/base/hex.h"
#include "flatkv/codec/keys.h"
#include "flatkv/fs/durable.h"
#include "flatkv/sei/sei_stream.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sei/sei_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kAddress(kAddressBytes, '\x11');

Rows MiscRows() {
  return {{"bank/a", MiscRow(1, "x")}, {"bank/b", MiscRow(2, "y")}, {"bank/c", MiscRow(3, "z")}};
}

class FromSei : public ::testing::Test {
 protected:
  // The outcome for a stream of these bytes, which leaves no target when it is refused.
  StatusOr<FromSeiReport> Convert(std::string_view packed, Version version = kVersion) {
    EXPECT_THAT(WriteFile(fs_, "sei", packed), IsOk());
    FromSeiOptions options = FromSeiInto(fs_, "sei", "archive");
    options.version = version;
    StatusOr<FromSeiReport> report = SeiToArchive(fs_, options, nullptr);
    EXPECT_EQ(*Exists(fs_, "archive"), report.ok());
    EXPECT_EQ(fs_.OpenHandles(), 0u);
    return report;
  }
  StatusOr<FromSeiReport> ConvertItems(const std::vector<SeiItem>& items) {
    return Convert(Pack(Encode(items)));
  }
  // The store, and behind its three rows another item, number 5.
  StatusOr<FromSeiReport> ConvertWith(const SeiItem& item) {
    std::vector<SeiItem> items = ItemsOf(rows_);
    items.push_back(item);
    return ConvertItems(items);
  }

  MemFileSystem fs_;
  const Rows rows_ = MiscRows();
};

auto Corrupt(std::string_view what) {
  return AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr(std::string(what))),
               HasReason(Reason::kArchiveCorrupt));
}

TEST_F(FromSei, PassesOverOtherStoresAndExtensionsAndCountsThem) {
  std::vector<SeiItem> items = {StoreItem("acc"), NodeItem("\x01", "any", 7, 0),
                                NodeItem("", "", 3, 2), StoreItem("evm")};
  for (const SeiItem& item : ItemsOf(rows_)) {
    items.push_back(item);
  }
  items.push_back(StoreItem("wasm"));
  items.push_back(NodeItem("no row at all", "", 12, 5));
  std::string bytes = Encode(items);
  bytes += *HexDecode(
      "05"
      "1a03010203"
      "02"
      "2200");  // an extension with one payload
  const StatusOr<FromSeiReport> report = Convert(Pack(bytes));
  ASSERT_THAT(report, IsOk());
  const SeiOthers& others = report->others;
  EXPECT_EQ(others.stores,
            (std::map<std::string, uint64_t, std::less<>>{{"acc", 2}, {"evm", 0}, {"wasm", 1}}));
  EXPECT_EQ(others.extension_items, 2u);
  EXPECT_EQ(report->manifest.TotalRows(), rows_.size());

  ASSERT_THAT(WriteArchive(fs_, "exported", rows_, Suite::kBlake3, EmptyEntry()), IsOk());
  EXPECT_EQ(FilesOf(fs_, "archive"), FilesOf(fs_, "exported"));
}

TEST_F(FromSei, RefusesAStreamWithoutFlatKv) {
  EXPECT_THAT(ConvertItems({StoreItem("acc"), StoreItem("evm")}),
              StatusIs(StatusCode::kNotFound, HasSubstr("no store flatkv; its stores: acc evm")));
  EXPECT_THAT(Convert(Pack("")), StatusIs(StatusCode::kNotFound, HasSubstr("its stores: none")));
}

TEST_F(FromSei, RefusesWhatIsNoRowOfTheVersion) {
  const std::string row = MiscRow(kVersion, "v");
  const std::string code_hash_key = "evm/\x08" + kAddress;
  const std::string slot_key = "evm/\x03" + kAddress + std::string(kSlotBytes, '\x22');
  const std::string zero_slot = MiscRow(1, std::string(32, '\0'));
  const std::string zero_account = MiscRow(1, std::string(40, '\0'));
  const std::string account_key = "evm/\x0a" + kAddress;
  const std::string code_key = "evm/\x07" + kAddress;
  const std::string later = MiscRow(kVersion + 1, "v");
  const std::string version_0 = MiscRow(0, "v");
  const std::string other_format = "\x01" + row.substr(1);
  struct Case {
    SeiItem item;
    std::string_view what;
  };
  const std::vector<Case> cases = {
      {NodeItem("bank/d", row, kVersion, 1), "a node of height 1"},
      {NodeItem("bank/d", row, kVersion, -1), "a node of height -1"},
      {NodeItem("bank/d", row, kVersion - 1), "a node of version 41 in a state of version 42"},
      {NodeItem("bank/d", row, 0), "a node of version 0"},
      {NodeItem("", row), "its key is empty"},
      {NodeItem("bank/d", ""), "its value is empty"},
      {NodeItem("bank", row), "the key has no module"},
      {NodeItem("/d", row), "empty module name"},
      {NodeItem("_meta/version", row), "reserved"},
      {NodeItem("evm/", row), "empty key"},
      {NodeItem(code_hash_key, row), "a code hash has no row of its own"},
      {NodeItem(slot_key, row), "wrong length"},
      {NodeItem(slot_key, zero_slot), "stored as no row"},
      {NodeItem(account_key, zero_account), "stored as no row"},
      {NodeItem(code_key, row.substr(0, 9)), "empty byte code"},
      {NodeItem("bank/d", row.substr(0, 8)), "shorter than a row header"},
      {NodeItem("bank/d", other_format), "unknown row format"},
      {NodeItem("bank/d", later), "the row is of version 43, the state of version 42"},
      {NodeItem("bank/d", version_0), "the row is of version 0"},
      {NodeItem("bank/c", row), "key 62616e6b2f63: the same key twice"},
      {NodeItem("bank/bb", row), "not in ascending order: key 62616e6b2f63 is before it"},
      {StoreItem("flatkv"), "the store flatkv begins a second time"},
  };
  for (const Case& bad : cases) {
    const StatusOr<FromSeiReport> refused = ConvertWith(bad.item);
    EXPECT_THAT(refused, Corrupt(bad.what));
    EXPECT_THAT(refused, Corrupt("item 5, at byte"));
  }
}

TEST_F(FromSei, RefusesItemsOutOfPlace) {
  EXPECT_THAT(ConvertItems({NodeItem("bank/a", MiscRow(1, "x"))}),
              Corrupt("item 1, at byte 0 unpacked: a node that is in no store"));
  EXPECT_THAT(ConvertItems({StoreItem("a"), StoreItem("b"), StoreItem("a")}),
              Corrupt("the store a begins a second time"));
  const std::string payload_first = Encode(ItemsOf(rows_)) + *HexDecode(
                                                                 "02"
                                                                 "2200");
  EXPECT_THAT(Convert(Pack(payload_first)), Corrupt("in no extension"));
  const std::string node_behind_extension = Encode(ItemsOf(rows_)) +
                                            *HexDecode(
                                                "02"
                                                "1a00") +
                                            Encode({NodeItem("bank/d", MiscRow(1, "x"))});
  EXPECT_THAT(Convert(Pack(node_behind_extension)), Corrupt("in no store"));
}

TEST_F(FromSei, RefusesBytesThatAreNoItems) {
  const std::string bytes = Encode(ItemsOf(rows_));
  // Cut off between items it is a smaller state, which the root tells.
  EXPECT_THAT(Convert(Pack(bytes.substr(0, bytes.size() - 1))),
              Corrupt("item 4, at byte 61 unpacked: the stream ends in it"));
  EXPECT_THAT(Convert(Pack(bytes + "\x80")), Corrupt("its length is malformed"));
  EXPECT_THAT(Convert(Pack(bytes + *HexDecode("81a0c21e"))),
              Corrupt("it says that it has 64000001 bytes"));
  EXPECT_THAT(Convert(Pack(bytes + *HexDecode("02"
                                              "2a00"))),
              Corrupt("of a kind"));
}

TEST_F(FromSei, RefusesEveryCutAndEveryFlippedByteOfThePackedStream) {
  const std::string packed = Pack(Encode(ItemsOf(FewRows())));
  ASSERT_THAT(Convert(packed), IsOk());
  const std::map<std::string, std::string> right = FilesOf(fs_, "archive");
  ASSERT_THAT(RemoveTreeDurably(fs_, "archive"), IsOk());
  size_t harmless = 0;
  for (size_t i = 0; i < packed.size(); ++i) {
    EXPECT_THAT(Convert(packed.substr(0, i)), Corrupt("")) << "cut at " << i;
    std::string flipped = packed;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    const StatusOr<FromSeiReport> report = Convert(flipped);
    if (report.ok()) {
      // Of two ways to pack the same bytes, such as a copy from farther back, this is another one.
      EXPECT_EQ(FilesOf(fs_, "archive"), right) << "flipped at " << i;
      ASSERT_THAT(RemoveTreeDurably(fs_, "archive"), IsOk());
      ++harmless;
    } else {
      EXPECT_THAT(report, Corrupt("")) << "flipped at " << i;
    }
  }
  EXPECT_LT(harmless, 5u);
  EXPECT_THAT(Convert(packed + "x"), Corrupt("bytes follow the end of the stream in sei"));
  EXPECT_THAT(Convert("plain text"), Corrupt("damaged in sei"));
}

TEST_F(FromSei, NamesThePartThatIsMissingOrHasAnotherSize) {
  constexpr uint64_t kPartBytes = 1000;
  ASSERT_THAT(WriteArchive(fs_, "a", SampleRows(300, 3), Suite::kBlake3, EmptyEntry()), IsOk());
  ASSERT_THAT(ArchiveToSei(fs_, {.from = "a", .to = "parts", .part_bytes = kPartBytes}, nullptr),
              IsOk());
  const std::map<std::string, std::string> parts = FilesOf(fs_, "parts");
  ASSERT_GT(parts.size(), 12u);
  const std::string last = std::to_string(parts.size() - 1);
  const auto convert = [&](const std::function<void()>& damage) {
    damage();
    FromSeiOptions options = FromSeiInto(fs_, "parts", "archive");
    options.part_bytes = kPartBytes;
    StatusOr<FromSeiReport> report = SeiToArchive(fs_, options, nullptr);
    EXPECT_EQ(*Exists(fs_, "archive"), report.ok());
    for (const auto& [name, bytes] : parts) {
      EXPECT_THAT(WriteFile(fs_, "parts/" + name, bytes), IsOk());
    }
    return report;
  };
  EXPECT_THAT(convert([&] { EXPECT_THAT(fs_.RemoveFile("parts/0"), IsOk()); }),
              Corrupt("part 0 is missing"));
  EXPECT_THAT(convert([&] { EXPECT_THAT(fs_.RemoveFile("parts/10"), IsOk()); }),
              Corrupt("part 10 is missing; there is a part 11"));
  EXPECT_THAT(convert([&] { EXPECT_THAT(fs_.RemoveFile("parts/" + last), IsOk()); }),
              Corrupt("it is cut off at the end of parts/"));
  EXPECT_THAT(convert([&] { fs_.Resize("parts/2", kPartBytes - 1); }),
              Corrupt("part 2 has 999 bytes, and every part but the last has 1000"));
  EXPECT_THAT(convert([&] { fs_.Resize("parts/" + last, 0); }), Corrupt("the last, has 0 bytes"));
  EXPECT_THAT(convert([&] { fs_.Overwrite("parts/3", parts.at("4")); }), Corrupt(""));
  ASSERT_THAT(fs_.MakeDir("parts/" + std::to_string(parts.size())), IsOk());
  EXPECT_THAT(convert([] {}), Corrupt("is not a regular file"));
  ASSERT_THAT(fs_.RemoveDir("parts/" + std::to_string(parts.size())), IsOk());
  // What else lies there does not count.
  EXPECT_THAT(convert([&] { EXPECT_THAT(WriteFile(fs_, "parts/metadata.db", "x"), IsOk()); }),
              IsOk());
  EXPECT_EQ(FilesOf(fs_, "archive"), FilesOf(fs_, "a"));
  ASSERT_THAT(fs_.MakeDir("empty"), IsOk());
  EXPECT_THAT(SeiToArchive(fs_, FromSeiInto(fs_, "empty", "none"), nullptr),
              Corrupt("no part files"));
  EXPECT_THAT(SeiToArchive(fs_, FromSeiInto(fs_, "absent", "none"), nullptr),
              StatusIs(StatusCode::kNotFound));
}

TEST_F(FromSei, RefusesAnotherRootThanTheExpectedOne) {
  ASSERT_THAT(WriteFile(fs_, "sei", Pack(Encode(ItemsOf(rows_)))), IsOk());
  FromSeiOptions options = FromSeiInto(fs_, "sei", "archive");
  options.expected_root = Digest{};
  const StatusOr<FromSeiReport> report = SeiToArchive(fs_, options, nullptr);
  EXPECT_THAT(report, StatusIs(StatusCode::kAlreadyExists, HasSubstr("its rows give the root")));
  EXPECT_THAT(report, HasReason(Reason::kRootMismatch));
  EXPECT_FALSE(*Exists(fs_, "archive"));
}

TEST_F(FromSei, RefusesVersionsThatCannotBe) {
  ASSERT_THAT(WriteFile(fs_, "sei", Pack(Encode(ItemsOf(rows_)))), IsOk());
  FromSeiOptions options = FromSeiInto(fs_, "sei", "archive");
  options.initial_version = kVersion + 1;
  EXPECT_THAT(SeiToArchive(fs_, options, nullptr), StatusIs(StatusCode::kInvalidArgument));
  options.initial_version = 0;
  EXPECT_THAT(SeiToArchive(fs_, options, nullptr), StatusIs(StatusCode::kInvalidArgument));
  options.initial_version = kVersion;
  const StatusOr<FromSeiReport> report = SeiToArchive(fs_, options, nullptr);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->manifest.initial_version, kVersion);
}

TEST_F(FromSei, LeavesAnotherWholeArchiveAlone) {
  ASSERT_THAT(Convert(Pack(Encode(ItemsOf(rows_)))), IsOk());
  const std::map<std::string, std::string> converted = FilesOf(fs_, "archive");
  ASSERT_THAT(SeiToArchive(fs_, FromSeiInto(fs_, "sei", "archive"), nullptr), IsOk());
  EXPECT_EQ(FilesOf(fs_, "archive"), converted);
  // An export of the same state, which has the changes of its version.
  ASSERT_THAT(WriteArchive(fs_, "exported", rows_, Suite::kBlake3, "changes"), IsOk());
  const std::map<std::string, std::string> exported = FilesOf(fs_, "exported");
  EXPECT_THAT(
      SeiToArchive(fs_, FromSeiInto(fs_, "sei", "exported"), nullptr),
      StatusIs(StatusCode::kFailedPrecondition, HasSubstr("holds a whole archive already")));
  EXPECT_EQ(FilesOf(fs_, "exported"), exported);
}

TEST_F(FromSei, GoesOnWithAnInterruptedConversion) {
  ASSERT_THAT(WriteFile(fs_, "sei", Pack(Encode(ItemsOf(FewRows())))), IsOk());
  ASSERT_THAT(SeiToArchive(fs_, FromSeiInto(fs_, "sei", "whole"), nullptr), IsOk());
  const std::map<std::string, std::string> whole = FilesOf(fs_, "whole");
  for (size_t kept = 0; kept < 5; ++kept) {
    const std::string to = "archive" + std::to_string(kept);
    ASSERT_THAT(fs_.MakeDir(to), IsOk());
    for (size_t i = 1; i <= kept; ++i) {
      const std::string name = ChunkName(static_cast<uint32_t>(i));
      ASSERT_THAT(WriteFile(fs_, to + "/" + name, whole.at(name)), IsOk());
    }
    ASSERT_THAT(SeiToArchive(fs_, FromSeiInto(fs_, "sei", to), nullptr), IsOk());
    EXPECT_EQ(FilesOf(fs_, to), whole);
  }
}

}  // namespace
}  // namespace flatkv::test
