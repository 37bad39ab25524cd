#include "tests/unit/sei/sei_test_util.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "flatkv/archive/archive_export.h"
#include "flatkv/archive/chunk_cutter.h"
#include "flatkv/base/check.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/sei/row_sums.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

std::string RandomBytes(size_t size, std::mt19937_64& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  return bytes;
}

std::string Header(Version version) {
  std::string header(kRowHeaderBytes, '\0');
  WriteRowHeader(version, header.data());
  return header;
}

std::string AccountRow(Version version, uint8_t nonce, bool has_code) {
  AccountFields fields;
  fields.nonce.back() = static_cast<char>(nonce | 1);
  fields.code_hash.fill(has_code ? '\x5a' : '\0');
  std::string row(kContractRowBytes, '\0');
  row.resize(WriteAccountRow(version, fields, row.data()));
  return row;
}

}  // namespace

std::string MiscRow(Version version, std::string_view value) {
  return Header(version) + std::string(value);
}

Rows SampleRows(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    const auto version = static_cast<Version>(1 + random() % kVersion);
    const std::string address = RandomBytes(kAddressBytes, random);
    switch (random() % 6) {
      case 0:
        rows[PhysicalKey("evm", "\x0a" + address)] =
            AccountRow(version, static_cast<uint8_t>(random()), random() % 2 == 0);
        break;
      case 1:
        rows[PhysicalKey("evm", "\x07" + address)] =
            Header(version) + RandomBytes(1 + random() % 3000, random);
        break;
      case 2:
        rows[PhysicalKey("evm", "\x03" + address + RandomBytes(kSlotBytes, random))] =
            Header(version) + "\x01" + RandomBytes(kStorageValueBytes - 1, random);
        break;
      case 3:
        rows[PhysicalKey("evm", "\x09" + address)] = MiscRow(version, "code size");
        break;
      default:
        rows[PhysicalKey(random() % 2 == 0 ? "bank" : "staking", address)] =
            MiscRow(version, RandomBytes(random() % 100, random));
        break;
    }
  }
  return rows;
}

Rows FewRows() {
  const std::string address(kAddressBytes, '\x11');
  const std::string slot(kSlotBytes, '\x22');
  return {{PhysicalKey("evm", "\x0a" + address), AccountRow(7, 5, true)},
          {PhysicalKey("evm", "\x07" + address), Header(8) + "code"},
          {PhysicalKey("evm", "\x03" + address + slot),
           Header(kVersion) + std::string(kStorageValueBytes, '\x01')},
          {PhysicalKey("evm", "\x01" + address), MiscRow(9, "mapped")},
          {PhysicalKey("bank", "k"), MiscRow(1, "")}};
}

Status WriteArchive(FileSystem& fs, const std::string& path, const Rows& rows, Suite suite,
                    const std::string& payload) {
  const RowHasher hasher(suite);
  RowSums sums(hasher);
  for (const auto& [key, value] : rows) {
    sums.Add(TargetOf(ModuleOf(key), KeyInModule(key)).db, key, value);
  }
  RowSums::Total total = sums.Finish();
  ArchiveManifest manifest;
  manifest.state = {suite, kVersion, total.root};
  manifest.key_format = kKeyFormat;
  manifest.content_digest = Sha256(payload);
  manifest.payload_bytes = payload.size();
  manifest.dbs = std::move(total.dbs);

  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer, OpenArchiveDirectory(fs, path));
  ArchiveExport target(*writer);
  RETURN_IF_ERROR(target.Find());
  RETURN_IF_ERROR(target.Begin(manifest, payload));
  ChunkCutter cutter(0);
  const auto write = [&](const std::optional<RawChunk>& chunk) -> Status {
    if (!chunk.has_value()) {
      return OkStatus();
    }
    const EncodedChunk encoded = EncodeChunk(*chunk, manifest.state, hasher);
    return target.AddChunk(encoded.info, encoded.bytes);
  };
  for (const DataDb db : kAllDataDbs) {
    for (const auto& [key, value] : rows) {
      if (TargetOf(ModuleOf(key), KeyInModule(key)).db == db) {
        RETURN_IF_ERROR(write(cutter.Add(db, key, value)));
      }
    }
    RETURN_IF_ERROR(write(cutter.Finish()));
  }
  return target.Finish();
}

std::string EmptyEntry() {
  std::string payload;
  AppendEntryVersion(kVersion, &payload);
  return payload;
}

SeiItem StoreItem(std::string_view name) { return {.kind = SeiItemKind::kStore, .name = name}; }

SeiItem NodeItem(std::string_view key, std::string_view value, Version version, int32_t height) {
  return {
      .kind = SeiItemKind::kNode, .key = key, .value = value, .version = version, .height = height};
}

std::vector<SeiItem> ItemsOf(const Rows& rows) {
  std::vector<SeiItem> items = {StoreItem("flatkv")};
  for (const auto& [key, value] : rows) {
    items.push_back(NodeItem(key, value));
  }
  return items;
}

std::string Encode(const std::vector<SeiItem>& items) {
  std::string bytes;
  for (const SeiItem& item : items) {
    AppendSeiItem(item, &bytes);
  }
  return bytes;
}

std::string Pack(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  FLATKV_CHECK(compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                         reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 7) == Z_OK);
  packed.resize(size);
  return packed;
}

std::string Unpack(std::string_view bytes) {
  std::string text(size_t{64} << 20, '\0');
  uLongf size = text.size();
  FLATKV_CHECK(uncompress(reinterpret_cast<Bytef*>(text.data()), &size,
                          reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) == Z_OK);
  text.resize(size);
  return text;
}

FromSeiOptions FromSeiInto(FileSystem& fs, const std::string& from, const std::string& to) {
  FromSeiOptions options;
  options.from = from;
  options.version = kVersion;
  options.open_target = [&fs, to] { return OpenArchiveDirectory(fs, to); };
  return options;
}

Status WriteFile(FileSystem& fs, const std::string& path, std::string_view bytes) {
  return WriteFileDurably(fs, path, bytes);
}

std::map<std::string, std::string> FilesOf(FileSystem& fs, const std::string& path) {
  const auto read = [&](const std::string& file) {
    StatusOr<std::string> bytes = ReadFile(fs, file, uint64_t{1} << 30);
    EXPECT_THAT(bytes, IsOk());
    return *std::move(bytes);
  };
  const StatusOr<FileInfo> info = fs.Stat(path);
  EXPECT_THAT(info, IsOk());
  if (info->type != FileType::kDirectory) {
    return {{"", read(path)}};
  }
  std::map<std::string, std::string> files;
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  EXPECT_THAT(names, IsOk());
  for (const std::string& name : *names) {
    files[name] = read(JoinPath(path, name));
  }
  return files;
}

std::string JoinParts(FileSystem& fs, const std::string& path) {
  const std::map<std::string, std::string> files = FilesOf(fs, path);
  std::string bytes;
  for (size_t i = 0; i < files.size(); ++i) {
    bytes += files.at(std::to_string(i));
  }
  return bytes;
}

}  // namespace flatkv::test
