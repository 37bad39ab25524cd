// Tells a torn tail from damage: what stands behind the first bytes of a segment that are not a
// valid frame?
//
// A record that was never acknowledged has no seal behind it, nor a record that was written after
// an acknowledgement. So any of these proves that bytes which once were good have changed:
//   - a seal of the expected version or a later one: it is written when its record is acknowledged;
//   - a footer: a segment is sealed after its last record was acknowledged;
//   - a whole record of the expected version, or the header of a later one that begins a group.
// The header of a later record that continues a group proves nothing: it was written before the
// group was synced, and a power cut may keep it and lose a sector before it. If the group was
// acknowledged after all, its seal or the next group tells.
//
// The scan looks at every byte. It does not look inside the payloads of the torn record and its
// group while their headers are whole: payloads are the clients' bytes and may imitate frames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal_walker.h"

namespace flatkv::wal_internal {

struct LaterFrame {
  std::string kind;  // "a seal" and so on
  uint64_t offset = 0;
  Version version = 0;
};

// Searches [walker.end_offset(), size_bytes) of `file` for a frame of version >= walker.next();
// `walker` has stopped. Errors: I/O.
StatusOr<std::optional<LaterFrame>> FindLaterFrame(const RandomAccessFile& file,
                                                   uint64_t size_bytes, const RecordWalker& walker);

}  // namespace flatkv::wal_internal
