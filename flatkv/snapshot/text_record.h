// Small files of "name = value" lines with a checksum, strict both ways: exact names in exact
// order, nothing else. What every bookkeeping file of a store is made of (docs/format.md, "Text
// records").
//
//   flatkv-pin 1
//   version = 42
//   checksum = <SHA-256 of all lines before, 64 hex digits>
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv {

class TextRecordWriter {
 public:
  // The first line: "<kind> <format>".
  TextRecordWriter(std::string_view kind, int format);
  // REQUIRES: neither holds a newline (Finish aborts the process otherwise): escape free text with
  // AddText.
  void Add(std::string_view name, std::string_view value);
  void AddNumber(std::string_view name, uint64_t value);
  void AddVersion(std::string_view name, Version value);
  void AddDigest(std::string_view name, const Digest& value);
  // Any bytes; stored as JSON-like escapes: \\, \n, \xHH for what is not printable ASCII.
  void AddText(std::string_view name, std::string_view value);
  // The whole text with its checksum line.
  std::string Finish() &&;

 private:
  std::string text_;
};

// Reads fields in the order written; the first error sticks and is what Finish returns. After an
// error the getters give empty values.
class TextRecordReader {
 public:
  // Verifies kind, format and checksum at once. `path` is for messages. Errors: kDataLoss naming
  // path and defect; kFailedPrecondition with Reason::kIncompatibleFormat for another format.
  TextRecordReader(std::string_view text, std::string_view path, std::string_view kind, int format);

  std::string_view Get(std::string_view name);
  uint64_t GetNumber(std::string_view name);
  Version GetVersion(std::string_view name);
  Digest GetDigest(std::string_view name);
  std::string GetText(std::string_view name);
  // Whether the next line has this name: for repeated and optional fields.
  bool NextIs(std::string_view name) const;
  // Makes the record bad for a reason of the caller's ("unknown suite").
  void Fail(std::string_view what);
  bool ok() const { return status_.ok(); }
  // The first error; also an error if lines are left over.
  Status Finish();

 private:
  std::string path_;
  std::string_view rest_;
  Status status_;
};

}  // namespace flatkv
