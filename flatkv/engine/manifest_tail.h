// The torn end of a MANIFEST.
//
// LevelDB appends a record to its MANIFEST and syncs it before it goes on, so a power cut can
// damage the last record only; the DB is then as it was before that record. LevelDB sees a record
// that was cut short as the end of the file, but refuses the whole DB over one whose sectors came
// out as zeros or garbage. This finds where such a tail begins. A damaged record with a sound one
// behind it was synced: that is damage, not a tail, and is left for LevelDB to report. The framing
// is that of leveldb_log.h.
#pragma once

#include <cstddef>
#include <string_view>

namespace flatkv {

// How many of the first bytes of `manifest` to read: all, or those before a torn tail.
size_t BytesBeforeTornTail(std::string_view manifest);

}  // namespace flatkv
