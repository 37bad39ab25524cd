// The scrub and the CORRUPT state of an open store.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

constexpr int kHeadAttempts = 20;
constexpr std::chrono::milliseconds kHeadPause{5};

}  // namespace

// What the last run found is still so, unless the data DBs were made anew meanwhile: then a pass
// has to say.
Status StoreImpl::OpenScrub() {
  StatusOr<ScrubRecord> record = ReadScrubRecord(fs_, directory_);
  const StatusCode code = record.status().code();
  if (code == StatusCode::kDataLoss || code == StatusCode::kFailedPrecondition) {
    logger_.Log(LogLevel::kWarning, "scrub.begin_anew",
                fmt::format("{}: the scrub begins anew", MessageOf(record.status())));
    record = ScrubRecord();
    record->running = true;
  }
  RETURN_IF_ERROR(record.status());
  if (!record->findings.empty() && !recovery_.working_rebuilt.empty()) {
    ScrubRecord anew;
    anew.running = true;
    record = anew;
    RETURN_IF_ERROR(WriteScrubRecord(fs_, directory_, *record));
  }
  if (!record->findings.empty()) {
    corruption_.Set(record->findings.front());
  }
  if (options_.scrub.in_background) {
    MutexLock lock(scrub_mu_);
    scrubber_ = std::make_unique<Scrubber>(
        Scrubber::Context{fs_, logger_, directory_, options_.scrub, *hasher_, catalog_, corruption_,
                          [this] { return OpenHead(); }},
        *record);
  }
  return OkStatus();
}

// Taken out first: the thread may be waiting for something that its end needs no lock for.
void StoreImpl::StopScrub() {
  std::unique_ptr<Scrubber> stopped;
  {
    MutexLock lock(scrub_mu_);
    stopped = std::move(scrubber_);
  }
}

// Through the data DBs themselves: a clone of a snapshot would say nothing of them. The head may
// move before the view is there, and then only undo records lead back.
StatusOr<std::shared_ptr<View>> StoreImpl::OpenHead() {
  for (int attempt = 0; attempt < kHeadAttempts && !closing_; ++attempt) {
    const Version head = HeadVersion();
    if (head < identity_.initial_version) {
      return std::shared_ptr<View>();
    }
    ASSIGN_OR_RETURN(std::shared_ptr<View> view, OpenView(head));
    if (!view->is_clone()) {
      return view;
    }
    std::this_thread::sleep_for(kHeadPause);
  }
  return Unavailable("no view of the head could be had through the data DBs");
}

StatusOr<ScrubStatus> StoreImpl::Scrub(ScrubAction action) {
  MutexLock lock(scrub_mu_);
  if (scrubber_ == nullptr) {
    if (action != ScrubAction::kStatus) {
      return FailedPrecondition("only a daemon scrubs; flatkv verify --full does the same at once");
    }
    ASSIGN_OR_RETURN(const ScrubRecord record, ReadScrubRecord(fs_, directory_));
    return Scrubber::StatusOfRecord(record, options_.scrub);
  }
  switch (action) {
    case ScrubAction::kStatus:
      break;
    case ScrubAction::kStart:
      scrubber_->StartPass();
      break;
    case ScrubAction::kPause:
      scrubber_->Pause();
      break;
    case ScrubAction::kResume:
      scrubber_->Resume();
      break;
  }
  return scrubber_->status();
}

}  // namespace flatkv
