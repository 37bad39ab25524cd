// The disk inside MemFileSystem: an inode graph that knows what a power cut would leave of it.
//
// Files keep their bytes and how many of the first ones are durable. Directories keep what is
// visible and what is durable. Between the two stand the pending name operations, oldest first,
// over all directories. A rename is one operation, also between two directories (as on journalling
// file systems): syncing either one makes both sides durable. The model of lost, torn and garbage
// sectors follows the crash simulation of SQLite (src/test6.c).
//
// Not thread-safe: MemFileSystem locks around it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flatkv/fs/file_system.h"

namespace flatkv::test {

// What is left after a crash.
enum class CrashMode {
  // The process is killed: the operating system keeps everything, durable or not.
  kKeepAll,
  // Power cut: all unsynced data and all unsynced names are lost.
  kDropUnsynced,
  // Power cut: in each directory the oldest pending name operations survive, of each file a prefix
  // of unsynced data.
  kOrderedPrefix,
  // Power cut: any subset of the pending name operations survives; each file's unsynced data is
  // kept, dropped, cut
  // at a 512-byte boundary, or from such a boundary on all zero or garbage.
  kAnySubset,
  // As kAnySubset, but each 512-byte sector of unsynced data is by itself kept, zero or garbage:
  // reordered writes.
  kTornSectors,
};
std::string_view CrashModeName(CrashMode mode);

struct MemNode;
using MemNodePtr = std::shared_ptr<MemNode>;

struct MemNode {
  FileType type = FileType::kRegular;
  uint64_t inode = 0;
  uint64_t links = 0;

  // kRegular. Clones share the bytes until one of them writes (`data_shared`).
  std::shared_ptr<std::string> data;
  bool data_shared = false;
  size_t durable_bytes = 0;

  // kSymlink
  std::string target;

  // kDirectory
  std::map<std::string, MemNodePtr> entries;
  std::map<std::string, MemNodePtr> durable_entries;

  // The bytes, safe to change.
  std::string& MutableData();
};

// Sets or removes (null `node`) one name.
struct NameChange {
  MemNodePtr directory;
  std::string name;
  MemNodePtr node;
};
// The changes of one operation: atomic.
using NameOperation = std::vector<NameChange>;

class MemDisk {
 public:
  MemDisk();
  MemDisk(const MemDisk&) = delete;
  MemDisk& operator=(const MemDisk&) = delete;
  MemDisk(MemDisk&&) = default;
  MemDisk& operator=(MemDisk&&) = default;

  const MemNodePtr& root() const { return root_; }
  // A new inode without a name.
  MemNodePtr NewNode(FileType type);
  // Changes the visible names and remembers the operation as pending.
  void Apply(NameOperation operation);
  // Makes the names of `directory` durable, and what these operations depend on in other
  // directories.
  void SyncNames(const MemNodePtr& directory);

  // A deep copy with the same inode numbers; file bytes are shared until written.
  MemDisk Clone() const;
  // The disk after a crash. Every choice follows from `seed`.
  MemDisk Crash(CrashMode mode, uint64_t seed) const;

 private:
  explicit MemDisk(MemNodePtr root) : root_(std::move(root)) {}

  static void MakeDurable(const NameOperation& operation);
  // Decides which pending operations survive, and forgets them all.
  void LoseNames(CrashMode mode, std::mt19937_64& random);
  void KeepPrefixes(std::mt19937_64& random);
  // The durable names become the visible ones; returns the inodes that still have one.
  std::vector<MemNodePtr> ShowDurableNames();

  MemNodePtr root_;
  std::vector<NameOperation> pending_;
  uint64_t inodes_ = 1;
};

}  // namespace flatkv::test
