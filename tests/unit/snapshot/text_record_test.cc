#include "flatkv/snapshot/text_record.h"

#include <gtest/gtest.h>

#include <string>

#include "flatkv/base/sha256.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::HasReason;
using test::StatusIs;
using test::WithChecksum;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string AllBytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

std::string Sample() {
  TextRecordWriter writer("flatkv-sample", 1);
  writer.Add("plain", " a = b ");
  writer.AddNumber("number", UINT64_MAX);
  writer.AddVersion("version", 42);
  writer.AddDigest("digest", Sha256("x"));
  writer.AddText("text", AllBytes());
  return std::move(writer).Finish();
}

Status ReadSample(std::string_view text) {
  TextRecordReader reader(text, "/s/F", "flatkv-sample", 1);
  reader.Get("plain");
  reader.GetNumber("number");
  reader.GetVersion("version");
  reader.GetDigest("digest");
  reader.GetText("text");
  return reader.Finish();
}

// What a record of the one line "v = `value`" says.
template <typename Getter>
Status ReadValue(const std::string& value, Getter getter) {
  const std::string text = WithChecksum("flatkv-sample 1\nv = " + value + "\n");
  TextRecordReader reader(text, "/s/F", "flatkv-sample", 1);
  (reader.*getter)("v");
  return reader.Finish();
}

TEST(TextRecord, IsTheDocumentedText) {
  TextRecordWriter writer("flatkv-pin", 1);
  writer.AddVersion("version", 42);
  writer.AddText("text", "a\\b\n\x7f\xff~ ");
  EXPECT_EQ(std::move(writer).Finish(),
            WithChecksum("flatkv-pin 1\nversion = 42\ntext = a\\\\b\\n\\x7f\\xff~ \n"));
}

TEST(TextRecord, ReadsBackWhatWasWritten) {
  const std::string text = Sample();
  TextRecordReader reader(text, "/s/F", "flatkv-sample", 1);
  EXPECT_TRUE(reader.NextIs("plain"));
  EXPECT_FALSE(reader.NextIs("plai"));
  EXPECT_EQ(reader.Get("plain"), " a = b ");
  EXPECT_EQ(reader.GetNumber("number"), UINT64_MAX);
  EXPECT_EQ(reader.GetVersion("version"), 42);
  EXPECT_EQ(reader.GetDigest("digest"), Sha256("x"));
  EXPECT_EQ(reader.GetText("text"), AllBytes());
  EXPECT_TRUE(reader.ok());
  EXPECT_OK(reader.Finish());
}

TEST(TextRecord, RefusesEveryFlippedBitAndEveryCut) {
  const std::string text = Sample();
  ASSERT_OK(ReadSample(text));
  for (size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_THAT(ReadSample(damaged), StatusIs(StatusCode::kDataLoss)) << at << " bit " << bit;
    }
    EXPECT_THAT(ReadSample(text.substr(0, at)), StatusIs(StatusCode::kDataLoss)) << at;
    EXPECT_THAT(ReadSample(text.substr(at + 1)), StatusIs(StatusCode::kDataLoss)) << at;
  }
  EXPECT_THAT(ReadSample(text + "\n"), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(ReadSample(text + text), StatusIs(StatusCode::kDataLoss));
}

TEST(TextRecord, NamesThePathAndTheDefect) {
  EXPECT_THAT(ReadSample(""), AllOf(StatusIs(StatusCode::kDataLoss,
                                             AllOf(HasSubstr("/s/F"), HasSubstr("checksum"))),
                                    HasReason(Reason::kSnapshotCorrupt)));
  EXPECT_THAT(ReadSample(WithChecksum("flatkv-other 1\n")),
              StatusIs(StatusCode::kDataLoss, HasSubstr("flatkv-sample FORMAT")));
  EXPECT_THAT(ReadSample(WithChecksum("flatkv-sample 1\nplain = x\n")),
              StatusIs(StatusCode::kDataLoss, HasSubstr("\"number\"")));
}

TEST(TextRecord, OfAnotherFormatIsIncompatible) {
  TextRecordWriter writer("flatkv-sample", 2);
  EXPECT_THAT(
      ReadSample(std::move(writer).Finish()),
      AllOf(StatusIs(StatusCode::kFailedPrecondition,
                     AllOf(HasSubstr("/s/F"), HasSubstr("format 2"), HasSubstr("format 1"))),
            HasReason(Reason::kIncompatibleFormat)));
}

TEST(TextRecord, RefusesOddFirstLines) {
  for (const char* first :
       {"flatkv-sample", "flatkv-sample ", "flatkv-sample 01", "flatkv-sample  1",
        "flatkv-sample 1 ", "flatkv-sample -1", "flatkv-samples 1", " flatkv-sample 1", ""}) {
    EXPECT_THAT(ReadSample(WithChecksum(std::string(first) + "\n")),
                StatusIs(StatusCode::kDataLoss))
        << first;
  }
}

TEST(TextRecord, RefusesOtherSpellingsOfANumber) {
  for (const char* value :
       {"", "01", "+1", "-1", " 1", "1 ", "0x1", "1.0", "18446744073709551616"}) {
    EXPECT_THAT(ReadValue(value, &TextRecordReader::GetNumber), StatusIs(StatusCode::kDataLoss))
        << value;
  }
  EXPECT_OK(ReadValue("0", &TextRecordReader::GetNumber));
  EXPECT_OK(ReadValue("18446744073709551615", &TextRecordReader::GetNumber));
}

TEST(TextRecord, RefusesOtherSpellingsOfAVersion) {
  for (const char* value : {"", "01", "+1", "-1", " 1", "9223372036854775808"}) {
    EXPECT_THAT(ReadValue(value, &TextRecordReader::GetVersion), StatusIs(StatusCode::kDataLoss))
        << value;
  }
  EXPECT_OK(ReadValue("9223372036854775807", &TextRecordReader::GetVersion));
}

TEST(TextRecord, RefusesOtherSpellingsOfADigest) {
  const std::string digest(64, 'a');
  EXPECT_OK(ReadValue(digest, &TextRecordReader::GetDigest));
  for (const std::string& value : {std::string(64, 'A'), std::string(62, 'a'), std::string(66, 'a'),
                                   std::string(63, 'a'), std::string(64, 'g'), digest + " "}) {
    EXPECT_THAT(ReadValue(value, &TextRecordReader::GetDigest), StatusIs(StatusCode::kDataLoss))
        << value;
  }
}

TEST(TextRecord, RefusesOtherSpellingsOfText) {
  for (const char* value : {"\\", "\\x", "\\x0", "\\x0a", "\\x41", "\\x5c", "\\x7F", "\\t", "\\N",
                            "\\xzz", "a\tb", "\x7f", "\xff", "\\y00"}) {
    EXPECT_THAT(ReadValue(value, &TextRecordReader::GetText), StatusIs(StatusCode::kDataLoss))
        << value;
  }
  EXPECT_OK(ReadValue("", &TextRecordReader::GetText));
  EXPECT_OK(ReadValue("\\\\x0a\\n\\x00", &TextRecordReader::GetText));
}

TEST(TextRecord, TheFirstErrorSticks) {
  const std::string text = WithChecksum("flatkv-sample 1\na = 1\nb = 2\n");
  TextRecordReader reader(text, "/s/F", "flatkv-sample", 1);
  EXPECT_EQ(reader.Get("b"), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.NextIs("a"));
  EXPECT_EQ(reader.GetNumber("a"), 0u);
  EXPECT_EQ(reader.GetDigest("a"), Digest{});
  EXPECT_EQ(reader.GetText("a"), "");
  reader.Fail("something else");
  EXPECT_THAT(reader.Finish(), StatusIs(StatusCode::kDataLoss, HasSubstr("\"b\"")));
}

TEST(TextRecord, LinesLeftOverAreAnError) {
  const std::string text = WithChecksum("flatkv-sample 1\na = 1\na = 2\n");
  TextRecordReader reader(text, "/s/F", "flatkv-sample", 1);
  EXPECT_EQ(reader.GetNumber("a"), 1u);
  EXPECT_TRUE(reader.NextIs("a"));
  EXPECT_THAT(reader.Finish(), StatusIs(StatusCode::kDataLoss, HasSubstr("after the last field")));
}

TEST(TextRecord, TheCallerMayFailIt) {
  const std::string text = WithChecksum("flatkv-sample 1\n");
  TextRecordReader reader(text, "/s/F", "flatkv-sample", 1);
  reader.Fail("unknown suite");
  EXPECT_THAT(reader.Finish(), AllOf(StatusIs(StatusCode::kDataLoss, "read /s/F: unknown suite"),
                                     HasReason(Reason::kSnapshotCorrupt)));
}

TEST(TextRecordDeathTest, ANewlineInAPlainValueIsABug) {
  TextRecordWriter writer("flatkv-sample", 1);
  EXPECT_DEATH(writer.Add("a", "1\nb = 2"), "find");
  EXPECT_DEATH(writer.Add("a\nb", "1"), "find");
}

}  // namespace
}  // namespace flatkv
