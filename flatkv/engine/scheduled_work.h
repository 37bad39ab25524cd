// What one LevelDB asks its Env to run in the background: flushes sent to the thread for flushes,
// compactions that reads ask for kept back.
//
// LevelDB hands over one function, which flushes if a memtable waits and else compacts. It calls
// Schedule once and then not before that function has run, so a compaction that still waits for a
// thread becomes a flush when a memtable is rotated.
//
// LevelDB counts, for each table, the Gets that looked into it in vain, and a sample of what
// iterators pass, and compacts the table when there were size / 16 KiB of them ("seek compaction",
// meant for disks that seek). Thousands of Gets a block make that most of the background work, for
// nothing: bloom filters answer those look-ups (docs/measurements.md). No option turns it off. But
// work that LevelDB schedules inside a Get or a step of an iterator can be nothing else: what a
// full memtable or a full level needs is scheduled by the write, or by the background work, that
// made it so, before a Get can see it. So what a Get schedules waits until there is a memtable to
// flush. LevelDB believes meanwhile that work is under way and schedules none; the flush it then
// does first brings a new list of tables, in which no table is up for a seek compaction any more.
//
// Compactions can also be held, so that what a start has to do gets the processors. Flushes go on,
// and each leaves a table more on level 0, so a hold is for a number of rotations: LevelDB stops
// writes for good when there are too many.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/engine/background_threads.h"

namespace flatkv {

class ScheduledWork {
 public:
  // While one lives, work scheduled on its thread is kept back. They may overlap.
  class Reading {
   public:
    Reading();
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
  };

  // While one lives nothing is kept back: a compaction that somebody waits for needs LevelDB to
  // believe only what is so.
  class Pass {
   public:
    explicit Pass(ScheduledWork& work);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    ScheduledWork& work_;
  };

  static constexpr uint64_t kUntilReleased = std::numeric_limits<uint64_t>::max();

  // `threads` outlives the work.
  explicit ScheduledWork(BackgroundThreads& threads) : threads_(threads) {}

  void Schedule(BackgroundThreads::Work kind, void (*function)(void*), void* argument)
      EXCLUDES(mu_);
  // A memtable was rotated out, and LevelDB holds its mutex until it can be flushed: what waits for
  // a thread or was kept back is its flush.
  void Rotated() EXCLUDES(mu_);
  // Keeps compactions back until Release, a Pass, or that many rotations from now; 0: Release.
  void Hold(uint64_t rotations) EXCLUDES(mu_);
  // Runs what was kept back. Called before the DB is closed: it waits for the work that it believes
  // under way.
  void Release() EXCLUDES(mu_);
  // Whether nothing runs or waits for a thread; what is kept back does not count.
  bool Idle() const;

 private:
  using Kind = BackgroundThreads::Work;
  struct Work {
    void (*function)(void*) = nullptr;
    void* argument = nullptr;
  };
  // Shared with the work itself: LevelDB may be gone when the last of it ends.
  struct Started {
    std::atomic<int> unfinished = 0;
    Mutex mu;
    // What has no thread yet, by number.
    std::map<uint64_t, Work> waiting GUARDED_BY(mu);
    uint64_t next GUARDED_BY(mu) = 0;
  };

  void Start(Kind kind, const Work& work);
  // Has a thread run what waits under `number`, unless another one takes it first.
  void Hand(Kind kind, uint64_t number);
  std::vector<Work> TakeKeptBack() EXCLUDES(mu_);

  BackgroundThreads& threads_;
  const std::shared_ptr<Started> started_ = std::make_shared<Started>();
  Mutex mu_;
  std::vector<Work> kept_back_ GUARDED_BY(mu_);
  int passes_ GUARDED_BY(mu_) = 0;
  uint64_t held_rotations_ GUARDED_BY(mu_) = 0;
};

}  // namespace flatkv
