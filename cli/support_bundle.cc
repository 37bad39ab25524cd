#include "cli/support_bundle.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <functional>
#include <utility>
#include <vector>

#include "cli/admin_json.h"
#include "cli/block_writer.h"
#include "cli/build_info.h"
#include "cli/errors.h"
#include "cli/http_get.h"
#include "cli/output.h"
#include "cli/plan_text.h"
#include "cli/real_path.h"
#include "cli/row_text.h"
#include "cli/status_command.h"
#include "config/metrics_listen.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/wal/wal_inspect.h"

namespace flatkv::cli {
namespace {

constexpr std::chrono::seconds kMetricsTimeout{10};
constexpr uint64_t kTextBytesMax = uint64_t{64} << 20;
// Versions of the hash log in a bundle.
constexpr Version kHashLogVersions = 1'000;
constexpr uint64_t kSystemFileBytesMax = uint64_t{1} << 20;

struct Part {
  std::string name;
  uint64_t bytes = 0;
  std::string error;  // empty: it is there
};

class Bundle {
 public:
  Bundle(const AdminSession& session, const TargetOptions& target, const BundleOptions& options,
         std::string directory)
      : session_(session),
        target_(target),
        options_(options),
        directory_(std::move(directory)),
        fs_(PosixFileSystem()) {}

  Status Fill() {
    const StatusOr<RetentionInfo> retention = session_.access.Retention();
    store_ = retention.ok() ? retention->store_directory : "";
    home_ = target_.home.value_or(store_.empty() ? "" : ParentPath(store_));
    RETURN_IF_ERROR(Add("build.txt", [] { return BuildText(); }));
    RETURN_IF_ERROR(Add("system.txt", [this] { return SystemText(); }));
    RETURN_IF_ERROR(Add("config.toml", [this] { return ConfigText(); }));
    RETURN_IF_ERROR(Add("status.json", [this] { return StatusText(); }));
    RETURN_IF_ERROR(Add("scrub.json", [this] { return ScrubJson(); }));
    RETURN_IF_ERROR(Add("quarantine.json", [this] { return QuarantineText(); }));
    RETURN_IF_ERROR(Add("verify-quick.json", [this] { return VerifyText(); }));
    RETURN_IF_ERROR(Add("metrics.txt", [this] { return MetricsText(); }));
    RETURN_IF_ERROR(Add("files.txt", [this] { return FilesText(); }));
    RETURN_IF_ERROR(Add("changelog.txt", [this] { return ChangelogText(); }));
    RETURN_IF_ERROR(Add("blocks.jsonl", [this] { return BlocksText(); }));
    RETURN_IF_ERROR(Add("hashlog.jsonl", [this] { return HashLogText(); }));
    RETURN_IF_ERROR(AddManifests());
    return Write("MANIFEST", ManifestText());
  }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  using Make = std::function<StatusOr<std::string>()>;

  Status Write(const std::string& name, const std::string& text) {
    return WriteFileDurably(fs_, JoinPath(directory_, name), text);
  }

  // What cannot be made is noted; what cannot be written ends the bundle.
  Status Add(const std::string& name, const Make& make) {
    const StatusOr<std::string> text = make();
    Part part;
    part.name = name;
    if (text.ok()) {
      part.bytes = text->size();
      RETURN_IF_ERROR(Write(name, *text));
    } else {
      part.error = MessageOf(text.status());
    }
    parts_.push_back(std::move(part));
    return OkStatus();
  }

  Status NoStore() const {
    return store_.empty() ? FailedPrecondition("the daemon does not say where its store is")
                          : OkStatus();
  }

  static StatusOr<std::string> BuildText() {
    const BuildInfo info = CollectBuildInfo();
    std::string text = fmt::format("flatkv {}\n", BuildVersion());
    for (const auto& [name, version] : info.parts) {
      text += fmt::format("{} {}\n", name, version);
    }
    return text;
  }

  StatusOr<std::string> SystemText() {
    utsname name{};
    if (::uname(&name) != 0) {
      return ErrnoStatus("uname", "this system", errno);
    }
    std::string text =
        fmt::format("{} {} {} {}\n", name.sysname, name.release, name.version, name.machine);
    text += fmt::format("now {}\n", TimeText(static_cast<uint64_t>(std::time(nullptr))));
    if (!store_.empty()) {
      const StatusOr<uint64_t> free = fs_.FreeBytes(store_);
      text += free.ok() ? fmt::format("free bytes at {}: {}\n", store_, *free)
                        : fmt::format("free bytes: {}\n", MessageOf(free.status()));
    }
    for (const char* path : {"/etc/os-release", "/proc/meminfo", "/proc/loadavg", "/proc/mounts"}) {
      text += fmt::format("\n== {}\n{}", path, SystemFile(path));
    }
    return text;
  }

  // Files of /proc say that they are empty.
  std::string SystemFile(const std::string& path) {
    const StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_.OpenRead(path);
    if (!file.ok()) {
      return fmt::format("{}\n", MessageOf(file.status()));
    }
    std::string text(kSystemFileBytesMax, '\0');
    const StatusOr<size_t> size = (*file)->Read(0, text.size(), text.data());
    text.resize(size.value_or(0));
    return text;
  }

  StatusOr<Config> EffectiveConfig() const {
    if (home_.empty()) {
      return FailedPrecondition("the daemon does not say where its home is");
    }
    TargetOptions of_home = target_;
    of_home.home = home_;
    return ConfigOfHome(of_home);
  }

  // As a command sees it: flags of the daemon's own command line are in its log.
  StatusOr<std::string> ConfigText() {
    ASSIGN_OR_RETURN(const Config config, EffectiveConfig());
    return RenderEffective(config);
  }

  // The admin socket alone, which --home finds, does not tell what the node's address does.
  StatusOr<std::string> StatusText() {
    const StatusOr<OrderedJson> document = CollectStatus(session_.access);
    if (document.ok()) {
      return Dump(*document);
    }
    ASSIGN_OR_RETURN(const RetentionInfo retention, session_.access.Retention());
    return Dump({{"status_error", MessageOf(document.status())}, {"retention", ToJson(retention)}});
  }

  StatusOr<std::string> ScrubJson() {
    ASSIGN_OR_RETURN(const ScrubStatus scrub, session_.admin.Scrub(ScrubAction::kStatus));
    return Dump(ToJson(scrub));
  }

  StatusOr<std::string> QuarantineText() {
    ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, session_.admin.ListQuarantine());
    OrderedJson list = OrderedJson::array();
    for (const QuarantineEntry& entry : entries) {
      list.push_back(ToJson(entry));
    }
    return Dump(list);
  }

  StatusOr<std::string> VerifyText() {
    VerifyOptions quick;
    quick.depth = VerifyDepth::kQuick;
    ASSIGN_OR_RETURN(const VerifyReport report,
                     session_.admin.Verify(quick, [](const VerifyProgress&) { return true; }));
    return Dump(ToJson(report));
  }

  StatusOr<std::string> MetricsText() {
    ASSIGN_OR_RETURN(const Config config, EffectiveConfig());
    ASSIGN_OR_RETURN(const std::optional<ListenAddress> address,
                     MetricsAddress(config.server.metrics_listen));
    if (!address.has_value()) {
      return FailedPrecondition("[server] metrics-listen is not set in the configuration file");
    }
    return HttpGet(*address, "/metrics", kMetricsTimeout);
  }

  // Names, sizes and link counts of everything in the home.
  StatusOr<std::string> FilesText() {
    RETURN_IF_ERROR(NoStore());
    std::string text;
    ListFiles(store_, &text);
    return text;
  }
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the tree, and the trees are our own.
  void ListFiles(const std::string& path, std::string* text) {
    const StatusOr<std::vector<std::string>> names = fs_.List(path);
    if (!names.ok()) {
      *text += fmt::format("{}\n", MessageOf(names.status()));
      return;
    }
    for (const std::string& name : *names) {
      const std::string child = JoinPath(path, name);
      const StatusOr<FileInfo> info = fs_.Stat(child);
      if (!info.ok()) {
        *text += fmt::format("{}\n", MessageOf(info.status()));
      } else if (info->type == FileType::kDirectory) {
        *text += fmt::format("{}/\n", child);
        ListFiles(child, text);
      } else if (info->type == FileType::kSymlink) {
        *text += fmt::format("{} -> {}\n", child, fs_.ReadLink(child).value_or("?"));
      } else {
        *text += fmt::format("{} {} bytes, inode {}, {} links\n", child, info->size_bytes,
                             info->inode, info->links);
      }
    }
  }

  StatusOr<std::string> ChangelogText() {
    RETURN_IF_ERROR(NoStore());
    ASSIGN_OR_RETURN(const WalInspection found,
                     InspectWal(fs_, JoinPath(store_, "changelog"), WalInspectDepth::kOutline));
    std::string text;
    for (const WalSegmentSummary& segment : found.segments) {
      text += fmt::format("{}: versions {} to {}, {} bytes, {}\n", segment.path, segment.first,
                          segment.last, segment.size_bytes, WalSegmentStateName(segment.state));
    }
    if (found.defect.has_value()) {
      text += fmt::format("DAMAGED: {}\n", MessageOf(ToStatus(*found.defect)));
    }
    return text;
  }

  StatusOr<std::string> BlocksText() {
    RETURN_IF_ERROR(NoStore());
    ASSIGN_OR_RETURN(const WalInspection found,
                     InspectWal(fs_, JoinPath(store_, "changelog"), WalInspectDepth::kOutline));
    const Version last = found.last_version();
    const Version first = std::max<Version>(1, last - static_cast<Version>(options_.blocks) + 1);
    std::string text;
    if (options_.blocks == 0 || last < first) {
      return text;
    }
    RETURN_IF_ERROR(WalkWal(
        fs_, JoinPath(store_, "changelog"), first, last,
        [&text](const WalRecordInfo&, std::string_view payload) -> Status {
          ASSIGN_OR_RETURN(const ChangelogEntryView entry, DecodeChangelogEntry(payload));
          ASSIGN_OR_RETURN(const std::string line, RenderBlockLine(entry.version, entry.changes));
          if (text.size() + line.size() > kTextBytesMax) {
            return ResourceExhausted(
                "the change sets are too large: fewer "
                "--blocks");
          }
          text += line + "\n";
          return OkStatus();
        }));
    return text;
  }

  // What another node's bundle is compared with: where the two parted.
  StatusOr<std::string> HashLogText() {
    StateReader& state = session_.access.State();
    ASSIGN_OR_RETURN(const VersionRanges ranges, state.Ranges());
    if (ranges.hash_log_first == 0) {
      return FailedPrecondition("the hash log is empty or off");
    }
    std::string text;
    RETURN_IF_ERROR(state.ReadHashLog(
        std::max(ranges.hash_log_first, ranges.hash_log_last - kHashLogVersions + 1),
        ranges.hash_log_last, [&](const VersionSums& sums) {
          text += ToJson(sums).dump() + "\n";
          return OkStatus();
        }));
    return text;
  }

  Status AddManifests() {
    const StatusOr<std::vector<SnapshotSummary>> summaries = session_.admin.Snapshots();
    if (!summaries.ok()) {
      parts_.push_back({"snapshots", 0, std::string(MessageOf(summaries.status()))});
      return OkStatus();
    }
    for (const SnapshotSummary& summary : *summaries) {
      const Version version = summary.manifest.version;
      RETURN_IF_ERROR(
          Add(fmt::format("snapshot-{}.json", version), [this, version]() -> StatusOr<std::string> {
            ASSIGN_OR_RETURN(const SnapshotSummary shown, session_.admin.ShowSnapshot(version));
            return Dump(ToDetailedJson(shown));
          }));
    }
    return OkStatus();
  }

  std::string ManifestText() const {
    std::string text = fmt::format("flatkv {} support bundle of {} {}\n", BuildVersion(),
                                   session_.access.mode(), session_.access.where());
    for (const Part& part : parts_) {
      text += part.error.empty() ? fmt::format("{}  {} bytes\n", part.name, part.bytes)
                                 : fmt::format("{}  MISSING: {}\n", part.name, part.error);
    }
    return text + "LevelDB's own log lines are in the daemon's log (journalctl -u flatkvd)\n";
  }

  static std::string Dump(const OrderedJson& document) {
    return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  }

  const AdminSession& session_;
  const TargetOptions& target_;
  const BundleOptions& options_;
  const std::string directory_;
  FileSystem& fs_;
  std::string store_;
  std::string home_;
  std::vector<Part> parts_;
};

}  // namespace

Status RunSupportBundle(const AdminSession& session, const TargetOptions& target,
                        const BundleOptions& options) {
  ASSIGN_OR_RETURN(const std::string directory, RealPath(options.to));
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, directory));
  if (exists) {
    return WithHint(InvalidArgument(fmt::format("{} is there already", directory)),
                    "give a directory that is not there yet");
  }
  RETURN_IF_ERROR(MakeDirsDurably(fs, directory));
  Bundle bundle(session, target, options, directory);
  RETURN_IF_ERROR(bundle.Fill());
  if (session.json) {
    OrderedJson parts = OrderedJson::array();
    for (const Part& part : bundle.parts()) {
      parts.push_back({{"name", part.name}, {"bytes", part.bytes}, {"error", part.error}});
    }
    PrintJsonLine(
        {{"mode", session.access.mode()}, {"to", directory}, {"parts", std::move(parts)}});
    return OkStatus();
  }
  fmt::print("{}", ModeLine(session.access));
  for (const Part& part : bundle.parts()) {
    fmt::print("{:<24} {}\n", part.name,
               part.error.empty() ? fmt::format("{} bytes", part.bytes) : "missing: " + part.error);
  }
  fmt::print("{} is complete; read it before you pass it on\n", directory);
  return OkStatus();
}

}  // namespace flatkv::cli
