// Archives and Sei streams for tests, made without the code under test where that matters.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/sei/sei_item.h"
#include "flatkv/sei/sei_stream.h"

namespace flatkv::test {

// Stored rows by physical key: all four data DBs together, in the order of a Sei stream.
using Rows = std::map<std::string, std::string>;

inline constexpr Version kVersion = 42;

// Rows of every kind and of several modules, of versions 1 to kVersion.
Rows SampleRows(size_t count, uint64_t seed);
// One row each of account, code, storage and misc, and one without a value.
Rows FewRows();
std::string MiscRow(Version version, std::string_view value);

// An export of the rows, as a directory. `payload` is the changelog payload of the version.
Status WriteArchive(FileSystem& fs, const std::string& path, const Rows& rows, Suite suite,
                    const std::string& payload);
// The payload that a converted archive has.
std::string EmptyEntry();

SeiItem StoreItem(std::string_view name);
SeiItem NodeItem(std::string_view key, std::string_view value, Version version = kVersion,
                 int32_t height = 0);
// The rows as the items of a whole stream of FlatKV's store.
std::vector<SeiItem> ItemsOf(const Rows& rows);
std::string Encode(const std::vector<SeiItem>& items);
// By zlib itself.
std::string Pack(std::string_view bytes);
std::string Unpack(std::string_view bytes);

// A conversion into the archive directory `to`.
FromSeiOptions FromSeiInto(FileSystem& fs, const std::string& from, const std::string& to);

Status WriteFile(FileSystem& fs, const std::string& path, std::string_view bytes);
// The files of a directory by name; a file alone has the name "".
std::map<std::string, std::string> FilesOf(FileSystem& fs, const std::string& path);
// Of a directory: all files in the order of their numbers.
std::string JoinParts(FileSystem& fs, const std::string& path);

}  // namespace flatkv::test
