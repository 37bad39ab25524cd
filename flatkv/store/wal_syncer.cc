#include "flatkv/store/wal_syncer.h"

#include "flatkv/base/thread_pool.h"

namespace flatkv {

WalSyncer::WalSyncer(Wal& wal, std::chrono::milliseconds interval,
                     std::function<void(const Status&)> on_error)
    : wal_(wal), interval_(interval), on_error_(std::move(on_error)), thread_([this] {
        SetThreadName("fkv-walsync");
        Run();
      }) {}

WalSyncer::~WalSyncer() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
}

void WalSyncer::Run() {
  uint64_t synced_appends = 0;
  while (true) {
    {
      MutexLock lock(mu_);
      if (!stopping_) {
        wake_.WaitFor(mu_, interval_);
      }
      if (stopping_) {
        return;
      }
    }
    const uint64_t appends = wal_.Stats().appends;
    if (appends == synced_appends) {
      continue;
    }
    const Status status = wal_.Sync();
    if (!status.ok()) {
      on_error_(status);
      return;
    }
    synced_appends = appends;
  }
}

}  // namespace flatkv
