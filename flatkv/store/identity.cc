#include "flatkv/store/identity.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"

namespace flatkv {
namespace {

// Raised when anything below the store directory changes so that an older build must not touch it.
constexpr int kStoreFormat = 1;
constexpr std::string_view kFirstLine = "flatkv-store ";

Status Damaged(std::string_view path, std::string_view what) {
  return DataLoss(
      fmt::format("identity file {}: {}; restore it from a backup of this store", path, what));
}

// Takes the line "name = value" off the front of *text.
bool TakeField(std::string_view name, std::string_view* text, std::string_view* value) {
  const size_t end = text->find('\n');
  if (end == std::string_view::npos || !text->starts_with(name) ||
      !text->substr(name.size()).starts_with(" = ")) {
    return false;
  }
  const size_t begin = name.size() + 3;
  *value = text->substr(begin, end - begin);
  text->remove_prefix(end + 1);
  return true;
}

template <typename Integer>
bool ParseInteger(std::string_view text, Integer* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Identity NewIdentity(Suite suite, Version initial_version) {
  std::array<unsigned char, 16> random;
  FLATKV_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  Identity identity;
  identity.store_id = HexEncode({reinterpret_cast<const char*>(random.data()), random.size()});
  identity.suite = suite;
  identity.initial_version = initial_version;
  return identity;
}

std::string EncodeIdentity(const Identity& identity) {
  std::string text = fmt::format(
      "{}{}\nstore-id = {}\nsuite = {}\ninitial-version = {}\nengine = leveldb\n", kFirstLine,
      kStoreFormat, identity.store_id, SuiteName(identity.suite), identity.initial_version);
  text += fmt::format("checksum = {}\n", HexEncode(AsBytes(Sha256(text))));
  return text;
}

StatusOr<Identity> DecodeIdentity(std::string_view text, std::string_view path) {
  const std::string_view whole = text;
  const size_t line_end = text.find('\n');
  int format = 0;
  if (!text.starts_with(kFirstLine) || line_end == std::string_view::npos ||
      !ParseInteger(text.substr(kFirstLine.size(), line_end - kFirstLine.size()), &format)) {
    return Damaged(path, "its first line is not \"flatkv-store FORMAT\"");
  }
  if (format != kStoreFormat) {
    return WithReason(FailedPrecondition(fmt::format("the store of {} has format {}; this build "
                                                     "reads format {}: use the build that wrote it",
                                                     path, format, kStoreFormat)),
                      Reason::kIncompatibleFormat);
  }
  text.remove_prefix(line_end + 1);
  Identity identity;
  std::string_view store_id, suite, initial_version, engine, checksum;
  if (!TakeField("store-id", &text, &store_id) || !TakeField("suite", &text, &suite) ||
      !TakeField("initial-version", &text, &initial_version) ||
      !TakeField("engine", &text, &engine)) {
    return Damaged(path, "a line is missing or misspelt");
  }
  const std::string_view checked = whole.substr(0, whole.size() - text.size());
  if (!TakeField("checksum", &text, &checksum) || !text.empty() ||
      checksum != HexEncode(AsBytes(Sha256(checked)))) {
    return Damaged(path, "its checksum does not match");
  }
  identity.store_id = store_id;
  if (suite != SuiteName(Suite::kSha256) && suite != SuiteName(Suite::kBlake3)) {
    return Damaged(path, "unknown suite");
  }
  identity.suite = suite == SuiteName(Suite::kSha256) ? Suite::kSha256 : Suite::kBlake3;
  if (!ParseInteger(initial_version, &identity.initial_version) || identity.initial_version < 1) {
    return Damaged(path, "bad initial-version");
  }
  if (engine != "leveldb") {
    return WithReason(FailedPrecondition(fmt::format(
                          "the store of {} uses engine {}; this build has leveldb", path, engine)),
                      Reason::kIncompatibleFormat);
  }
  return identity;
}

}  // namespace flatkv
