#include "tests/unit/engine/engine_session.h"

#include <fmt/format.h>

namespace flatkv::test {

Script::Script(uint64_t seed, Version head, size_t rows_per_batch) {
  History history(seed, 500);
  rows.emplace_back();
  while (history.head() < head) {
    batches.push_back(history.Extend(rows_per_batch));
    rows.push_back(history.At(history.head()));
  }
}

void Session::Expect(bool holds, const std::string& what) {
  if (!holds && violation.empty()) {
    violation = what;
  }
}

void Session::Look(KvEngine& engine, Version version) {
  const StatusOr<Rows> rows = ReadAll(engine);
  if (rows.ok()) {
    Expect(*rows == script.At(version), fmt::format("wrong rows at version {}", version));
  } else {
    Expect(rows.status().code() != StatusCode::kDataLoss, ToString(rows.status()));
  }
}

void Session::ExpectPoisoned(KvEngine& engine, Version written) {
  Expect(!engine.Write({}, script.head()).ok(), "a write after a failed one was accepted");
  Expect(!engine.Flush().ok(), "a flush after a failed write was accepted");
  Look(engine, written);
}

Status Session::WriteAndFlush(KvEngine& engine, Version from, Version to, Version flush_every) {
  for (Version version = from + 1; version <= to; ++version) {
    const Status written =
        WriteChanges(engine, script.batches[static_cast<size_t>(version - 1)], version);
    if (!written.ok()) {
      ExpectPoisoned(engine, version - 1);
      return written;
    }
    if (flush_every != 0 && (version % flush_every == 0 || version == to)) {
      const Status done = engine.Flush();
      if (!done.ok()) {
        ExpectPoisoned(engine, version);
        return done;
      }
      Expect(engine.FlushedVersion() == version, "Flush returned before it was done");
      Look(engine, version);
    }
  }
  return OkStatus();
}

Status Session::Run(FileSystem& fs, const std::string& path, Version to, Version flush_every) {
  flushed = 0;
  violation.clear();
  BackgroundThreads threads(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<KvEngine> engine,
                   OpenLevelDbEngine(fs, threads, NullLogger(), path, SmallOptions()));
  const StatusOr<Rows> rows = ReadAll(*engine);
  if (!rows.ok()) {
    return rows.status();
  }
  const Version found = VersionOf(*rows);
  Expect(*rows == script.At(found), fmt::format("opened with wrong rows at version {}", found));
  const Status result = WriteAndFlush(*engine, found, to, flush_every);
  const Status closed = engine->Close();
  flushed = engine->FlushedVersion();
  return result.ok() ? closed : result;
}

Status CheckDb(FileSystem& fs, const std::string& path, const Script& script, Version flushed,
               Version* found) {
  BackgroundThreads threads(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<KvEngine> engine,
                   OpenLevelDbEngine(fs, threads, NullLogger(), path, SmallOptions()));
  ASSIGN_OR_RETURN(const Rows rows, ReadAll(*engine));
  *found = VersionOf(rows);
  if (rows != script.At(*found)) {
    return DataLoss(fmt::format("wrong rows at version {}", *found));
  }
  if (*found < flushed) {
    return DataLoss(fmt::format("stands at version {}, {} was flushed", *found, flushed));
  }
  return OkStatus();
}

}  // namespace flatkv::test
