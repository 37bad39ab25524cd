// The durable form of a KeyFilter, so that a store need not scan its data DBs at open.
//
// The file, all integers little-endian:
//
//   header, 512 bytes:
//      0   8  magic "FKFILTER"
//      8   4  format, 1
//     12   4  number of layers n, 1 to 24
//     16   8  seed of the key hash
//     24   8  version (at least 0): every key of the data DBs at this version is in the filter
//     32  16  store id (the 32 hex digits of IDENTITY as bytes)
//     48 16n  for each layer, oldest first: number of blocks (8), number of keys counted (8)
//         ..  zero
//    496  16  XXH3-128 of bytes 0..496
//   the layers, oldest first: blocks of 32 bytes, each 8 words of 4 bytes
//   last 16 bytes: XXH3-128 of all bytes before them, the header included
//
// The first layer has 128 to 2^28 blocks, each other one twice as many as the one before, at most
// 2^28; a layer's count of keys is at most its number of bits. XXH3-128 is in xxHash's canonical
// form (big-endian).
//
// Whether a key (of data DB d: account 0, code 1, storage 2, misc 3) is in the filter: let h be the
// XXH3-64 of the key with the seed (seed + d * 0x9e3779b97f4a7c15) mod 2^64, high and low its
// halves of 32 bits. In a layer of b blocks the key's block is floor(high * b / 2^32); there, word
// i (0 to 7) has bit floor((low * salt_i mod 2^32) / 2^27) set, with the salts of the Apache
// Parquet format's split-block Bloom filter: 47b6137b 44974d91 8824ad5b a2b7289d 705495c7 2df1424b
// 9efc4947 5c6bfb31. The key is absent when each layer lacks one of its bits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/filter/key_filter.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct FilterFileInfo {
  std::string store_id;  // 32 lower-case hex digits
  // Every key of the data DBs at this version is in the filter: what the writer of the file vouches
  // for.
  Version version = 0;
  bool operator==(const FilterFileInfo&) const = default;
};

struct LoadedFilter {
  FilterFileInfo info;
  std::unique_ptr<KeyFilter> filter;
};

// Replaces `path` durably: after a crash there is the old file or the new one. Writes "<path>-tmp"
// first, in pieces of 1 MiB. Other threads may add keys meanwhile: the file holds every key whose
// Add happened before the call, and may hold later ones, which does no harm. One call a path at a
// time. Errors: kInvalidArgument for an info that cannot be written; those of the file calls, after
// which the temporary file is gone unless that failed too.
Status WriteFilterFile(FileSystem& fs, const std::string& path, const KeyFilter& filter,
                       const FilterFileInfo& info);

// The filter as it was written; it goes on growing up to `size_bytes_max`. Takes no more memory
// than the file is long. Errors: kNotFound; kDataLoss naming path and cause when the file is not
// exactly what WriteFilterFile makes (then the data DBs have to be scanned anew);
// kResourceExhausted when the memory cannot be had or the filter is larger than `size_bytes_max`.
StatusOr<LoadedFilter> ReadFilterFile(FileSystem& fs, const std::string& path,
                                      uint64_t size_bytes_max = UINT64_MAX);

}  // namespace flatkv
