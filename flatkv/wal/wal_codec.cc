#include "flatkv/wal/wal_codec.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <cstring>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/wal/wal_format.h"

namespace flatkv::wal_internal {
namespace {

using namespace wal_format;

constexpr size_t kChecksumBytes = 8;

std::string_view MagicOf(const char* magic, size_t bytes) { return {magic, bytes}; }

void AppendVersion(Version version, std::string* out) {
  FLATKV_CHECK(version >= 1 && version <= kVersionMax);
  AppendLe64(out, static_cast<uint64_t>(version));
}

// Appends the checksum of the frame that starts at `start`.
void AppendChecksum(size_t start, std::string* out) {
  AppendLe64(out, Checksum(std::string_view(*out).substr(start)));
}

// Length, magic and the checksum in the last 8 bytes of a frame of `frame_bytes`.
Status CheckFrame(std::string_view bytes, size_t frame_bytes, std::string_view magic,
                  std::string_view name) {
  if (bytes.size() < frame_bytes) {
    return DataLoss(fmt::format("{} is cut short", name));
  }
  if (bytes.substr(0, magic.size()) != magic) {
    return DataLoss(fmt::format("no {} magic", name));
  }
  const size_t covered = frame_bytes - kChecksumBytes;
  if (LoadLe64(bytes.data() + covered) != Checksum(bytes.substr(0, covered))) {
    return DataLoss(fmt::format("{} checksum does not match", name));
  }
  return OkStatus();
}

StatusOr<Version> DecodeVersion(const char* at) {
  const uint64_t raw = LoadLe64(at);
  if (raw == 0 || raw > static_cast<uint64_t>(kVersionMax)) {
    return DataLoss(fmt::format("version {} is out of range", raw));
  }
  return static_cast<Version>(raw);
}

Digest DecodeDigest(const char* at) {
  Digest digest;
  std::memcpy(digest.data(), at, digest.size());
  return digest;
}

}  // namespace

uint64_t Checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void AppendSegmentHeader(const SegmentHeader& header, std::string* out) {
  const size_t start = out->size();
  out->append(MagicOf(kSegmentMagic, 8));
  AppendVersion(header.first, out);
  out->append(AsBytes(header.prev_digest));
  AppendLe64(out, 0);
  AppendChecksum(start, out);
  FLATKV_CHECK(out->size() - start == kSegmentHeaderBytes);
}

void AppendRecordHeader(const RecordHeader& header, std::string* out) {
  FLATKV_CHECK(header.payload_bytes <= kPayloadBytesMax);
  const size_t start = out->size();
  out->append(MagicOf(header.continues_group ? kContinuedMagic : kRecordMagic, 4));
  AppendLe32(out, header.payload_bytes);
  AppendVersion(header.version, out);
  AppendLe64(out, header.payload_checksum);
  out->append(AsBytes(header.prev_digest));
  out->append(AsBytes(header.root));
  out->append(AsBytes(header.content_digest));
  AppendChecksum(start, out);
  FLATKV_CHECK(out->size() - start == kRecordHeaderBytes);
}

void AppendSeal(Version version, std::string* out) {
  const size_t start = out->size();
  out->append(MagicOf(kSealMagic, 4));
  AppendLe32(out, 0);
  AppendVersion(version, out);
  AppendChecksum(start, out);
  FLATKV_CHECK(out->size() - start == kSealBytes);
}

void AppendFooter(const Footer& footer, std::string* out) {
  FLATKV_CHECK(footer.records >= 1);
  const size_t start = out->size();
  out->append(MagicOf(kFooterMagic, 4));
  AppendLe32(out, footer.records);
  AppendVersion(footer.first, out);
  out->append(AsBytes(footer.last_digest));
  AppendLe64(out, footer.index_checksum);
  AppendChecksum(start, out);
  FLATKV_CHECK(out->size() - start == kFooterBytes);
}

StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  RETURN_IF_ERROR(
      CheckFrame(bytes, kSegmentHeaderBytes, MagicOf(kSegmentMagic, 8), "segment header"));
  if (LoadLe64(bytes.data() + 48) != 0) {
    return DataLoss("segment header has a reserved field that is not zero");
  }
  SegmentHeader header;
  ASSIGN_OR_RETURN(header.first, DecodeVersion(bytes.data() + 8));
  header.prev_digest = DecodeDigest(bytes.data() + 16);
  return header;
}

StatusOr<RecordHeader> DecodeRecordHeader(std::string_view bytes) {
  RecordHeader header;
  header.continues_group = bytes.starts_with(MagicOf(kContinuedMagic, 4));
  RETURN_IF_ERROR(CheckFrame(bytes, kRecordHeaderBytes,
                             MagicOf(header.continues_group ? kContinuedMagic : kRecordMagic, 4),
                             "record header"));
  header.payload_bytes = LoadLe32(bytes.data() + 4);
  if (header.payload_bytes > kPayloadBytesMax) {
    return DataLoss(fmt::format("payload length {} is over the limit", header.payload_bytes));
  }
  ASSIGN_OR_RETURN(header.version, DecodeVersion(bytes.data() + 8));
  header.payload_checksum = LoadLe64(bytes.data() + 16);
  header.prev_digest = DecodeDigest(bytes.data() + 24);
  header.root = DecodeDigest(bytes.data() + 56);
  header.content_digest = DecodeDigest(bytes.data() + 88);
  return header;
}

StatusOr<Version> DecodeSeal(std::string_view bytes) {
  RETURN_IF_ERROR(CheckFrame(bytes, kSealBytes, MagicOf(kSealMagic, 4), "seal"));
  if (LoadLe32(bytes.data() + 4) != 0) {
    return DataLoss("seal has a reserved field that is not zero");
  }
  return DecodeVersion(bytes.data() + 8);
}

StatusOr<Footer> DecodeFooter(std::string_view bytes) {
  RETURN_IF_ERROR(CheckFrame(bytes, kFooterBytes, MagicOf(kFooterMagic, 4), "footer"));
  Footer footer;
  footer.records = LoadLe32(bytes.data() + 4);
  ASSIGN_OR_RETURN(footer.first, DecodeVersion(bytes.data() + 8));
  if (footer.records == 0 || footer.first > kVersionMax - footer.records) {
    return DataLoss("footer counts no record or too many");
  }
  footer.last_digest = DecodeDigest(bytes.data() + 16);
  footer.index_checksum = LoadLe64(bytes.data() + 48);
  return footer;
}

}  // namespace flatkv::wal_internal
