#include "flatkv/store/scrubber.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flatkv/base/thread_pool.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

using std::chrono::milliseconds;

// What a kill can cost of a pass.
constexpr std::chrono::seconds kSavePeriod{10};
// After a failure that is none of the files': no room for a view, a rollback.
constexpr milliseconds kRetry{2'000};
constexpr milliseconds kLongWait{60'000};

}  // namespace

ScrubStatus Scrubber::StatusOfRecord(const ScrubRecord& record, const ScrubOptions& options) {
  ScrubStatus status;
  status.state = record.paused                  ? "paused"
                 : record.running               ? "running"
                 : options.interval.count() > 0 ? "idle"
                                                : "off";
  status.interval_seconds = static_cast<uint64_t>(options.interval.count() / 1000);
  status.bytes_per_second = options.bytes_per_second;
  status.started_unix_seconds = record.running ? record.started_unix_seconds : 0;
  status.bytes = record.running ? record.bytes : 0;
  status.last_end_unix_seconds = record.last_end_unix_seconds;
  status.last_seconds = record.last_seconds;
  status.last_bytes = record.last_bytes;
  status.last_findings = record.last_findings;
  status.findings = record.findings;
  return status;
}

Scrubber::Scrubber(Context context, ScrubRecord record)
    : context_(std::move(context)),
      pace_(context_.options.bytes_per_second),
      walk_({context_.fs, context_.hasher, context_.catalog, context_.open_head,
             [this](uint64_t bytes, const std::function<bool()>& go_on) {
               return Pace(bytes, go_on);
             },
             [this](const std::string& finding) { Find(finding); }}),
      saved_(std::chrono::steady_clock::now()),
      record_(std::move(record)) {
  // A pass that goes on after a restart cannot tell what of this it found itself.
  pass_findings_ = record_.findings;
  pass_findings_count_ = pass_findings_.size();
  thread_ = std::thread([this] {
    SetThreadName("fkv-scrub");
    Run();
  });
}

Scrubber::~Scrubber() {
  pace_.Stop();
  thread_.join();
}

void Scrubber::StartPass() {
  Update(
      [](ScrubRecord& record) {
        record.paused = false;
        if (!record.running) {
          // As TimeToNextPass finds it: due now.
          record.running = true;
          record.started_unix_seconds = 0;
        }
      },
      true);
  pace_.Interrupt();
}

void Scrubber::Pause() {
  Update([](ScrubRecord& record) { record.paused = true; }, true);
}

void Scrubber::Resume() {
  Update([](ScrubRecord& record) { record.paused = false; }, true);
  pace_.Interrupt();
}

ScrubStatus Scrubber::status() {
  MutexLock lock(mu_);
  ScrubStatus status = StatusOfRecord(record_, context_.options);
  status.phase = record_.running ? phase_ : "";
  status.bytes_since_open = bytes_since_open_;
  status.passes_since_open = passes_since_open_;
  status.error = error_;
  return status;
}

void Scrubber::Run() {
  while (!pace_.stopped()) {
    const milliseconds wait = TimeToNextPass();
    if (wait.count() > 0) {
      pace_.Wait(wait);
      continue;
    }
    const Status status = Pass();
    if (status.ok()) {
      EndPass();
      continue;
    }
    const bool is_stopped = status.code() == StatusCode::kCancelled;
    {
      MutexLock lock(mu_);
      error_ = is_stopped ? "" : std::string(MessageOf(status));
    }
    Save();
    if (!is_stopped) {
      context_.logger.Log(LogLevel::kWarning, "scrub.waits",
                          fmt::format("the scrub tries again: {}", MessageOf(status)));
    }
    if (!Paused()) {
      pace_.Wait(kRetry);
    }
  }
  Save();
}

milliseconds Scrubber::TimeToNextPass() {
  MutexLock lock(mu_);
  if (record_.paused) {
    return kLongWait;
  }
  const uint64_t now = UnixSecondsNow();
  if (!record_.running) {
    const auto interval = static_cast<uint64_t>(context_.options.interval.count()) / 1000;
    if (context_.options.interval.count() == 0) {
      return kLongWait;
    }
    const uint64_t due = record_.last_end_unix_seconds + interval;
    // A clock that was set back delays it by one interval at most.
    if (record_.last_end_unix_seconds != 0 && now < due && record_.last_end_unix_seconds <= now) {
      return std::min<milliseconds>(kLongWait, std::chrono::seconds(due - now));
    }
    record_.running = true;
    record_.started_unix_seconds = 0;
  }
  if (record_.started_unix_seconds == 0) {
    record_.started_unix_seconds = now;
    record_.bytes = 0;
    record_.snapshot = 0;
    record_.file.clear();
    record_.data_dbs = 0;
    pass_findings_.clear();
    pass_findings_count_ = 0;
    walk_.Begin();
    context_.logger.Log(LogLevel::kInfo, "scrub.begin", "a pass begins");
  }
  return milliseconds(0);
}

Status Scrubber::Pass() {
  RETURN_IF_ERROR(ScrubSnapshots());
  return ScrubRows();
}

Status Scrubber::ScrubSnapshots() {
  Version from = 0;
  std::string file;
  {
    MutexLock lock(mu_);
    from = record_.snapshot;
    file = record_.file;
  }
  ASSIGN_OR_RETURN(const std::vector<Version> versions, context_.catalog.Versions());
  for (const Version version : versions) {
    if (version < from) {
      continue;
    }
    SetPhase(fmt::format("files of {}", SnapshotName(version)));
    RETURN_IF_ERROR(walk_.SnapshotFiles(version, version == from ? file : "",
                                        [this, version](const std::string& path) {
                                          Update(
                                              [version, &path](ScrubRecord& record) {
                                                record.snapshot = version;
                                                record.file = path;
                                              },
                                              false);
                                        }));
  }
  return OkStatus();
}

Status Scrubber::ScrubRows() {
  uint64_t done = 0;
  {
    MutexLock lock(mu_);
    done = record_.data_dbs;
  }
  for (const DataDb db : kAllDataDbs) {
    if (IndexOf(db) < done) {
      continue;
    }
    SetPhase(fmt::format("rows of {}", NameOf(db)));
    RETURN_IF_ERROR(walk_.Rows(db));
    Update([db](ScrubRecord& record) { record.data_dbs = IndexOf(db) + 1; }, true);
  }
  return OkStatus();
}

void Scrubber::EndPass() {
  uint64_t findings = 0;
  uint64_t seconds = 0;
  uint64_t bytes = 0;
  {
    MutexLock lock(mu_);
    findings = pass_findings_count_;
  }
  // Before anybody sees that the pass has ended.
  if (findings == 0) {
    context_.corruption.Clear();
  }
  {
    MutexLock lock(mu_);
    const uint64_t now = UnixSecondsNow();
    seconds = now > record_.started_unix_seconds ? now - record_.started_unix_seconds : 0;
    bytes = record_.bytes;
    record_.running = false;
    record_.last_end_unix_seconds = now;
    record_.last_seconds = seconds;
    record_.last_bytes = bytes;
    record_.last_findings = findings;
    record_.findings = pass_findings_;
    ++passes_since_open_;
    error_.clear();
  }
  Save();
  context_.logger.Log(
      findings == 0 ? LogLevel::kInfo : LogLevel::kError, "scrub.end",
      fmt::format("a pass over {} bytes in {} s: {} findings", bytes, seconds, findings));
}

void Scrubber::Find(const std::string& finding) {
  {
    MutexLock lock(mu_);
    // What one damaged data DB does to a view of all shows at each of them.
    if (std::find(pass_findings_.begin(), pass_findings_.end(), finding) != pass_findings_.end()) {
      return;
    }
    ++pass_findings_count_;
    if (pass_findings_.size() < kScrubFindingsMax) {
      pass_findings_.push_back(finding);
    }
    std::vector<std::string>& known = record_.findings;
    if (known.size() < kScrubFindingsMax &&
        std::find(known.begin(), known.end(), finding) == known.end()) {
      known.push_back(finding);
    }
  }
  context_.logger.Log(LogLevel::kError, "scrub.finding", finding);
  context_.corruption.Set(finding);
  Save();
}

bool Scrubber::Pace(uint64_t bytes, const std::function<bool()>& go_on) {
  {
    MutexLock lock(mu_);
    bytes_since_open_ += bytes;
    record_.bytes += bytes;
  }
  return pace_.Read(bytes, [this, &go_on] { return !Paused() && go_on(); });
}

bool Scrubber::Paused() {
  MutexLock lock(mu_);
  return record_.paused;
}

void Scrubber::SetPhase(const std::string& phase) {
  MutexLock lock(mu_);
  phase_ = phase;
}

void Scrubber::Update(const std::function<void(ScrubRecord&)>& change, bool now) {
  bool is_due = now;
  {
    MutexLock lock(mu_);
    change(record_);
    is_due = is_due || std::chrono::steady_clock::now() - saved_ >= kSavePeriod;
  }
  if (is_due) {
    Save();
  }
}

// What cannot be saved costs a repetition, no more: it is logged and that is all.
void Scrubber::Save() {
  MutexLock save_lock(save_mu_);
  ScrubRecord record;
  {
    MutexLock lock(mu_);
    record = record_;
    saved_ = std::chrono::steady_clock::now();
  }
  const Status saved = WriteScrubRecord(context_.fs, context_.directory, record);
  if (!saved.ok()) {
    context_.logger.Log(LogLevel::kWarning, "scrub.not_saved",
                        fmt::format("the scrub's position: {}", MessageOf(saved)));
  }
}

}  // namespace flatkv
