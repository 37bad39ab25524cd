// Small archives with known content.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flatkv/archive/archive_export.h"
#include "flatkv/archive/archive_sums.h"
#include "flatkv/archive/chunk_cutter.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {

inline constexpr Version kArchiveVersion = 7;

struct SampleRow {
  DataDb db;
  std::string key;
  std::string value;
};

inline std::string RowOf(std::string_view value, Version version = kArchiveVersion) {
  std::string row(kRowHeaderBytes, '\0');
  WriteRowHeader(version, row.data());
  return row.append(value);
}

// Rows of all four data DBs, two of misc's three modules with an empty value, in order.
inline std::vector<SampleRow> SampleRows() {
  std::vector<SampleRow> rows;
  const std::string address(kAddressBytes, 'a');
  AccountFields fields;
  fields.nonce[7] = 3;
  std::string account(kContractRowBytes, '\0');
  account.resize(WriteAccountRow(kArchiveVersion, fields, account.data()));
  rows.push_back({DataDb::kAccount, PhysicalKey("evm", kNoncePrefix + address), account});
  rows.push_back({DataDb::kCode, PhysicalKey("evm", kCodePrefix + address), RowOf("\x60\x01")});
  for (char slot = 1; slot < 60; ++slot) {
    rows.push_back({DataDb::kStorage,
                    PhysicalKey("evm", kStoragePrefix + address + std::string(kSlotBytes, slot)),
                    RowOf(std::string(kStorageValueBytes, slot))});
  }
  for (const char* module : {"bank", "gov", "staking"}) {
    for (char i = 'a'; i < 'd'; ++i) {
      rows.push_back({DataDb::kMisc, PhysicalKey(module, std::string(3, i)),
                      RowOf(i == 'b' ? "" : std::string(40, i))});
    }
  }
  return rows;
}

// The chunks of the rows, and the manifest without them.
struct SampleArchive {
  explicit SampleArchive(const std::vector<SampleRow>& rows = SampleRows(),
                         Suite suite = Suite::kSha256)
      : hasher(suite), payload("\x08\x07") {
    LtHash global;
    for (const SampleRow& row : rows) {
      AddTo(row, &global);
    }
    manifest.state = {suite, kArchiveVersion, hasher.Checksum(global)};
    manifest.key_format = kKeyFormat;
    manifest.content_digest = Sha256(payload);
    manifest.payload_bytes = payload.size();
    ChunkCutter cutter(0);
    ArchiveSums sums(manifest.state);
    const auto encode = [&](const std::optional<RawChunk>& raw) {
      if (raw.has_value()) {
        chunks.push_back(EncodeChunk(*raw, manifest.state, hasher));
        EXPECT_OK(sums.Add(chunks.back().info));
      }
    };
    for (const SampleRow& row : rows) {
      encode(cutter.Add(row.db, row.key, row.value));
    }
    encode(cutter.Finish());
    for (const DataDb db : kAllDataDbs) {
      Summarize(sums.dbs()[IndexOf(db)], &manifest.dbs[IndexOf(db)]);
    }
  }

  Status Export(ArchiveWriter& writer, size_t chunks_max = SIZE_MAX) const {
    ArchiveExport target(writer);
    RETURN_IF_ERROR(target.Find());
    RETURN_IF_ERROR(target.Begin(manifest, payload));
    for (size_t i = target.position().chunks; i < chunks.size(); ++i) {
      if (i >= chunks_max) {
        return Cancelled("enough");
      }
      RETURN_IF_ERROR(target.AddChunk(chunks[i].info, chunks[i].bytes));
    }
    return target.Finish();
  }
  Status ExportTo(FileSystem& fs, const std::string& directory,
                  size_t chunks_max = SIZE_MAX) const {
    ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer,
                     OpenArchiveDirectory(fs, directory));
    return Export(*writer, chunks_max);
  }

  RowHasher hasher;
  std::string payload;
  ArchiveManifest manifest;
  std::vector<EncodedChunk> chunks;

 private:
  void AddTo(const SampleRow& row, LtHash* sum) const {
    const RowElement element{row.key, row.value, false};
    hasher.Accumulate({&element, 1}, sum);
  }
  void Summarize(const ArchiveSums::Modules& modules, SnapshotDb* db) const {
    LtHash total;
    for (const auto& [name, sum] : modules) {
      db->modules.push_back({name, hasher.Checksum(sum.hash), sum.rows, sum.bytes});
      db->rows += sum.rows;
      db->bytes += sum.bytes;
      total += sum.hash;
    }
    db->checksum = hasher.Checksum(total);
  }
};

}  // namespace flatkv::test
