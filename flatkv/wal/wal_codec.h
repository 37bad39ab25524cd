// The four frames of the changelog (wal_format.h, docs/format.md "Changelog") as structs; no I/O.
//
// Decode accepts exactly what Append... emits: magic, checksum, zero fields and value ranges. It
// reads the first bytes of its argument and ignores the rest. Errors: kDataLoss with the cause
// only; the caller adds file and offset.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv::wal_internal {

// The largest version a record can have: its successor must still be a Version.
inline constexpr Version kVersionMax = INT64_MAX - 1;

struct SegmentHeader {
  Version first = 0;
  Digest prev_digest{};  // of the record before `first`
};

struct RecordHeader {
  Version version = 0;
  uint32_t payload_bytes = 0;
  uint64_t payload_checksum = 0;
  Digest prev_digest{};
  Digest root{};
  Digest content_digest{};
  bool continues_group = false;  // the record before had not been acknowledged
};

struct Footer {
  uint32_t records = 0;  // at least 1
  Version first = 0;
  Digest last_digest{};
  uint64_t index_checksum = 0;
};

// XXH3-64 with seed 0.
uint64_t Checksum(std::string_view bytes);

void AppendSegmentHeader(const SegmentHeader& header, std::string* out);
void AppendRecordHeader(const RecordHeader& header, std::string* out);
void AppendSeal(Version version, std::string* out);
void AppendFooter(const Footer& footer, std::string* out);

StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);
StatusOr<RecordHeader> DecodeRecordHeader(std::string_view bytes);
// The version that the seal vouches for.
StatusOr<Version> DecodeSeal(std::string_view bytes);
StatusOr<Footer> DecodeFooter(std::string_view bytes);

}  // namespace flatkv::wal_internal
