// One process's life with a data DB, for crash and fault sweeps: open, look, write on from where
// the DB stands with flushes in between, close. It checks all along that nothing wrong is read and
// that a failed engine stays failed.
#pragma once

#include <string>
#include <vector>

#include "flatkv/engine/leveldb_engine.h"
#include "tests/unit/engine/engine_model.h"

namespace flatkv::test {

// A fixed history and its rows at every version.
struct Script {
  Script(uint64_t seed, Version head, size_t rows_per_batch);
  Version head() const { return static_cast<Version>(batches.size()); }
  const Rows& At(Version version) const { return rows[static_cast<size_t>(version)]; }

  std::vector<Changes> batches;
  std::vector<Rows> rows;  // rows[v]: after version v
};

struct Session {
  explicit Session(const Script& its_script) : script(its_script) {}

  // Writes until version `to`. With `flush_every` n, flushes after each n-th version and at the
  // end; with 0 never. The first error of a write, flush or open ends it; a failed read is passed
  // over.
  Status Run(FileSystem& fs, const std::string& path, Version to, Version flush_every);

  const Script& script;
  // What the engine called durable.
  Version flushed = 0;
  // Empty, or what the engine did that it must not do.
  std::string violation;

 private:
  void Expect(bool holds, const std::string& what);
  // A successful scan shows exactly `version`.
  void Look(KvEngine& engine, Version version);
  void ExpectPoisoned(KvEngine& engine, Version written);
  Status WriteAndFlush(KvEngine& engine, Version from, Version to, Version flush_every);
};

// Whether the DB opens, holds exactly the rows of one version and at least those of `flushed`; sets
// `*found`.
Status CheckDb(FileSystem& fs, const std::string& path, const Script& script, Version flushed,
               Version* found);

}  // namespace flatkv::test
