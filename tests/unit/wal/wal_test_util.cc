#include "tests/unit/wal/wal_test_util.h"

#include <fmt/format.h>

#include <random>

#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv::test {
namespace {

std::mt19937_64 RandomOf(Version version, uint64_t seed) {
  return std::mt19937_64(static_cast<uint64_t>(version) * 1000003 + seed);
}

}  // namespace

void ListLogger::Log(LogLevel, std::string_view event, std::string_view text) {
  MutexLock lock(mu_);
  lines_.push_back(fmt::format("{}: {}", event, text));
}

std::vector<std::string> ListLogger::lines() const {
  MutexLock lock(mu_);
  return lines_;
}

bool ListLogger::Saw(std::string_view event, std::string_view text) const {
  for (const std::string& line : lines()) {
    if (line.starts_with(fmt::format("{}: ", event)) && line.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

std::string PayloadOf(Version version, uint64_t seed) {
  std::mt19937_64 random = RandomOf(version, seed);
  std::string payload(version % 7 == 0 ? 0 : random() % 60, '\0');
  for (char& c : payload) {
    c = static_cast<char>(random());
  }
  return payload;
}

Digest RootOf(Version version, uint64_t seed) {
  return Sha256(fmt::format("root {} {}", version, seed));
}

StatusOr<std::unique_ptr<Wal>> OpenWal(FileSystem& fs, const WalOptions& options) {
  return Wal::Open(fs, NullLogger(), kLogDir, options);
}

WalOptions SmallSegments() {
  WalOptions options;
  options.segment_bytes = 700;
  return options;
}

Status AppendOnly(Wal& wal, Version version, uint64_t seed) {
  const std::string payload = PayloadOf(version, seed);
  return wal.Append(version, payload, Sha256(payload), RootOf(version, seed));
}

Status Commit(Wal& wal, Version first, Version last, uint64_t seed) {
  for (Version version = first; version <= last; ++version) {
    RETURN_IF_ERROR(AppendOnly(wal, version, seed));
    RETURN_IF_ERROR(wal.Sync());
    RETURN_IF_ERROR(wal.Acknowledge(version));
  }
  return OkStatus();
}

Status MakeLog(FileSystem& fs, Version last, const WalOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> wal, OpenWal(fs, options));
  RETURN_IF_ERROR(Commit(*wal, 1, last));
  return wal->Close();
}

StatusOr<std::map<Version, std::string>> ReadAll(Wal& wal) {
  std::map<Version, std::string> records;
  if (wal.empty()) {
    return records;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader,
                   wal.NewReader(wal.first_version(), wal.last_version()));
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader->Next());
    if (!more) {
      break;
    }
    const WalRecordInfo& info = reader->info();
    records[info.version] = reader->payload();
    if (info.content_digest != Sha256(reader->payload()) ||
        info.payload_bytes != reader->payload().size()) {
      return Internal(fmt::format("the info of version {} is not of its payload", info.version));
    }
    ASSIGN_OR_RETURN(const WalRecordInfo found, wal.Find(info.version));
    if (found.version != info.version || found.record_digest != info.record_digest ||
        found.root != info.root || found.content_digest != info.content_digest ||
        found.payload_bytes != info.payload_bytes) {
      return Internal(fmt::format("Find and the reader differ at version {}", info.version));
    }
  }
  if (records.size() != static_cast<size_t>(wal.last_version() - wal.first_version() + 1)) {
    return Internal("the reader ended early");
  }
  return records;
}

std::map<Version, std::string> Records(Version first, Version last, uint64_t seed) {
  std::map<Version, std::string> records;
  for (Version version = first; version <= last; ++version) {
    records[version] = PayloadOf(version, seed);
  }
  return records;
}

std::vector<std::string> SegmentFiles(FileSystem& fs) {
  std::vector<std::string> paths;
  const std::vector<std::string> names = fs.List(kLogDir).value();
  for (const std::string& name : names) {
    if (name.ends_with(".wal")) {
      paths.push_back(JoinPath(kLogDir, name));
    }
  }
  return paths;
}

StatusOr<std::string> FileBytes(FileSystem& fs, const std::string& path) {
  return ReadFile(fs, path, UINT64_MAX);
}

}  // namespace flatkv::test
