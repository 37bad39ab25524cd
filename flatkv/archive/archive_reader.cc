#include "flatkv/archive/archive_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/archive/archive_limits.h"
#include "flatkv/archive/tar_header.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

bool IsZero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(FileSystem& fs,
                                                             const std::string& path) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  std::unique_ptr<ArchiveReader> reader(new ArchiveReader(fs, path));
  if (info.type == FileType::kDirectory) {
    RETURN_IF_ERROR(reader->ListDirectory());
  } else {
    ASSIGN_OR_RETURN(reader->tar_, fs.OpenRead(path));
    RETURN_IF_ERROR(reader->ScanTar());
  }
  RETURN_IF_ERROR(reader->ReadManifest());
  RETURN_IF_ERROR(reader->CheckMembers());
  return reader;
}

// Other files may lie beside the members; what looks like one is checked later.
Status ArchiveReader::ListDirectory() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(path_));
  for (const std::string& name : names) {
    if (name == kArchiveManifestName || name == kArchivePayloadName || IsChunkName(name)) {
      ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(JoinPath(path_, name)));
      if (info.type != FileType::kRegular) {
        return ArchiveCorrupt(name, "it is not a regular file");
      }
      members_[name] = {0, info.size_bytes};
    }
  }
  return OkStatus();
}

StatusOr<std::string> ArchiveReader::ReadTar(uint64_t offset, uint64_t size_bytes) const {
  std::string bytes(size_bytes, '\0');
  ASSIGN_OR_RETURN(const size_t read, tar_->Read(offset, bytes.size(), bytes.data()));
  return read == bytes.size() ? StatusOr<std::string>(std::move(bytes))
                              : ArchiveCorrupt(BaseName(path_), "the file is cut off");
}

Status ArchiveReader::ScanTar() {
  const std::string_view name = BaseName(path_);
  ASSIGN_OR_RETURN(const uint64_t file_bytes, tar_->Size());
  uint64_t at = 0;
  std::string before = "the file";
  while (file_bytes - at > kTarEndBytes) {
    ASSIGN_OR_RETURN(const std::string block, ReadTar(at, kTarBlockBytes));
    ASSIGN_OR_RETURN(const TarMember member,
                     DecodeTarHeader(block, fmt::format("{} after {}", name, before)));
    at += kTarBlockBytes;
    const size_t padding = TarPaddingBytes(member.size_bytes);
    if (member.size_bytes > file_bytes - at || file_bytes - at - member.size_bytes < padding) {
      return ArchiveCorrupt(member.name, "the file is cut off in it");
    }
    if (!members_.try_emplace(member.name, Member{at, member.size_bytes}).second) {
      return ArchiveCorrupt(member.name, "it is there twice");
    }
    order_.push_back(member.name);
    ASSIGN_OR_RETURN(const std::string zeros, ReadTar(at + member.size_bytes, padding));
    if (!IsZero(zeros)) {
      return ArchiveCorrupt(member.name, "what fills its last block is not zero");
    }
    at += member.size_bytes + padding;
    before = member.name;
  }
  ASSIGN_OR_RETURN(const std::string end, ReadTar(at, file_bytes - at));
  return end.size() == kTarEndBytes && IsZero(end)
             ? OkStatus()
             : ArchiveCorrupt(name, "it does not end as a whole archive does");
}

Status ArchiveReader::ReadManifest() {
  if (!members_.contains(kArchiveManifestName)) {
    return ArchiveCorrupt(
        kArchiveManifestName,
        fmt::format("there is none in {}: no archive, or an export that was interrupted, which "
                    "the same flatkv export goes on with",
                    path_));
  }
  ASSIGN_OR_RETURN(const std::string text,
                   ReadMember(kArchiveManifestName, kArchiveManifestBytesMax));
  digest_ = Sha256(text);
  ASSIGN_OR_RETURN(manifest_, DecodeArchiveManifest(text, JoinPath(path_, kArchiveManifestName)));
  return OkStatus();
}

Status ArchiveReader::CheckMembers() const {
  std::vector<std::string> expected;
  const auto check = [&](const std::string& name, uint64_t size_bytes) -> Status {
    const auto member = members_.find(name);
    if (member == members_.end()) {
      return ArchiveCorrupt(name, "it is missing");
    }
    if (member->second.size_bytes != size_bytes) {
      return ArchiveCorrupt(name, fmt::format("it has {} bytes instead of {}",
                                              member->second.size_bytes, size_bytes));
    }
    expected.push_back(name);
    return OkStatus();
  };
  for (size_t i = 0; i < manifest_.chunks.size(); ++i) {
    RETURN_IF_ERROR(check(ChunkName(static_cast<uint32_t>(i + 1)), manifest_.chunks[i].size_bytes));
  }
  RETURN_IF_ERROR(check(kArchivePayloadName, manifest_.payload_bytes));
  expected.emplace_back(kArchiveManifestName);
  if (expected.size() != members_.size()) {
    for (const auto& [name, member] : members_) {
      if (std::find(expected.begin(), expected.end(), name) == expected.end()) {
        return ArchiveCorrupt(name, "it is no part of the archive");
      }
    }
  }
  return tar_ == nullptr || order_ == expected
             ? OkStatus()
             : ArchiveCorrupt(BaseName(path_), "its members are not in order");
}

StatusOr<std::string> ArchiveReader::ReadMember(const std::string& name,
                                                uint64_t size_bytes_max) const {
  const Member& member = members_.find(name)->second;
  if (member.size_bytes > size_bytes_max) {
    return ArchiveCorrupt(name, fmt::format("it has {} bytes", member.size_bytes));
  }
  return tar_ == nullptr ? ReadFile(fs_, JoinPath(path_, name), size_bytes_max)
                         : ReadTar(member.offset, member.size_bytes);
}

StatusOr<std::string> ArchiveReader::ReadChunk(uint32_t number) const {
  const std::string name = ChunkName(number);
  ASSIGN_OR_RETURN(std::string bytes, ReadMember(name, kChunkFileBytesMax));
  if (bytes.size() != manifest_.chunks[number - 1].size_bytes) {
    return ArchiveCorrupt(name, "its size has changed");
  }
  return bytes;
}

StatusOr<std::string> ArchiveReader::ReadPayload() const {
  ASSIGN_OR_RETURN(std::string bytes, ReadMember(kArchivePayloadName, kArchivePayloadBytesMax));
  return Sha256(bytes) == manifest_.content_digest
             ? StatusOr<std::string>(std::move(bytes))
             : ArchiveCorrupt(kArchivePayloadName, "its digest does not fit its bytes");
}

}  // namespace flatkv
