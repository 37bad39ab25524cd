// One segment file as the log knows it, and how it is read at open. Nothing here changes a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::wal_internal {

struct Segment {
  Version first = 0;
  Version last = 0;      // first - 1 while it holds no record
  Digest prev_digest{};  // of the record before `first`
  Digest last_digest{};  // of record `last`; prev_digest while there is none
  uint64_t size_bytes = 0;
  uint64_t index_offset = 0;       // of the footer's index; 0 unless sealed
  bool last_acknowledged = false;  // a seal or the footer vouches for `last`

  bool sealed() const { return index_offset != 0; }
  bool empty() const { return last < first; }
  // Where the records and their seals end.
  uint64_t records_end() const { return sealed() ? index_offset : size_bytes; }
};

// Reads header and footer of a sealed segment: two small reads.
// Errors: kDataLoss if either is damaged or missing, or is not of the segment that the name says.
StatusOr<Segment> LoadSealedSegment(FileSystem& fs, std::string_view directory, Version first);

struct ScannedSegment {
  Segment segment;                // as it is once the torn bytes are cut
  std::vector<uint64_t> offsets;  // of every record; empty when sealed: the file has them
  // Header never completed: the file holds nothing. `segment` has its first and the two sizes.
  bool incomplete_header = false;
  uint64_t torn_bytes = 0;  // at the end of the file
  uint64_t damaged_seals = 0;
};

// Reads the last segment and verifies every record. `committed_floor` as in WalOptions.
// Errors: kDataLoss if a record was damaged that may have been acknowledged (wal_tail.h), or one at
// or below the floor.
StatusOr<ScannedSegment> ScanLastSegment(FileSystem& fs, std::string_view directory, Version first,
                                         Version committed_floor);

// The offset of `version` by one read of the index. REQUIRES: the segment is sealed and holds it.
StatusOr<uint64_t> ReadOffset(const Segment& segment, Version version, const RandomAccessFile& file,
                              std::string_view path);

// kDataLoss: the changelog ends before `expected` but versions up to `committed_floor` had been
// committed.
Status LostVersionsError(std::string_view path, uint64_t offset, Version expected,
                         Version committed_floor);

}  // namespace flatkv::wal_internal
