// The changelog's bytes. docs/format.md, "Changelog", is the specification; all integers are
// little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flatkv::wal_format {

// A segment file is named by its first version, 20 digits, and ".wal":
//   segment header, then frames: records in version order, each (or the last of each group)
//   followed by a seal once it was acknowledged, and, in a sealed segment, one footer that ends the
//   file.
//
// Segment header, 64 bytes:
//    0   8  magic "FKVWAL01"
//    8   8  first version
//   16  32  digest of the record before the first one (zero at the start of a store)
//   48   8  zero
//   56   8  XXH3-64 of bytes 0..56
inline constexpr char kSegmentMagic[] = "FKVWAL01";
inline constexpr size_t kSegmentHeaderBytes = 64;

// Record, 128-byte header and the payload (a ChangelogEntry):
//    0   4  magic "FKR1"; "FKC1" if the record before it, in the same segment, had not been
//           acknowledged when this one was written: both are of one group, under one sync
//    4   4  payload length
//    8   8  version
//   16   8  XXH3-64 of the payload
//   24  32  digest of the record before: SHA-256 of its 128 header bytes (the chain)
//   56  32  root after this version
//   88  32  content digest: SHA-256 of the payload
//  120   8  XXH3-64 of bytes 0..120
inline constexpr char kRecordMagic[] = "FKR1";
inline constexpr char kContinuedMagic[] = "FKC1";
inline constexpr size_t kRecordHeaderBytes = 128;
inline constexpr uint32_t kPayloadBytesMax = uint32_t{1} << 30;

// Seal, 24 bytes: written, and not synced, after the record is as durable as the sync policy asks
// and before it is acknowledged. It tells an acknowledged record that was damaged later (refused)
// from a torn tail (repaired).
//    0   4  magic "FKS1"
//    4   4  zero
//    8   8  version
//   16   8  XXH3-64 of bytes 0..16
inline constexpr char kSealMagic[] = "FKS1";
inline constexpr size_t kSealBytes = 24;

// Footer of a sealed segment: the index (offset of every record, 8 bytes each, so that finding a
// version is one read), then 64 bytes at the end of the file:
//    0   4  magic "FKF1"
//    4   4  number of records n
//    8   8  first version
//   16  32  digest of the last record
//   48   8  XXH3-64 of the index (8 n bytes)
//   56   8  XXH3-64 of bytes 0..56
inline constexpr char kFooterMagic[] = "FKF1";
inline constexpr size_t kFooterBytes = 64;
inline constexpr uint64_t kIndexEntryBytes = 8;

static_assert(sizeof(kSegmentMagic) == 8 + 1 && sizeof(kRecordMagic) == 4 + 1 &&
              sizeof(kContinuedMagic) == 4 + 1);

}  // namespace flatkv::wal_format
