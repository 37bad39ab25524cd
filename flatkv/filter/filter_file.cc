#include "flatkv/filter/filter_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "flatkv/filter/filter_digest.h"
#include "flatkv/filter/filter_header.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

using namespace filter_internal;

constexpr size_t kPieceBytes = size_t{1} << 20;
static_assert(kPieceBytes % kBlockBytes == 0);
// So that the sync at the end, and those of other files meanwhile, find little left to write.
constexpr size_t kWritebackBytes = size_t{8} << 20;

Status Corrupt(const std::string& path, std::string_view cause) {
  return DataLoss(fmt::format("filter file {}: {}", path, cause));
}

// Appends to a file and to its digest.
class DigestedWriter {
 public:
  explicit DigestedWriter(WritableFile& file) : file_(file) {}

  Status Append(std::string_view bytes) {
    digest_.Add(bytes);
    RETURN_IF_ERROR(file_.Append(bytes));
    unstarted_bytes_ += bytes.size();
    if (unstarted_bytes_ < kWritebackBytes) {
      return OkStatus();
    }
    unstarted_bytes_ = 0;
    return file_.StartWriteback();
  }

  Status AppendLayer(const FilterLayer& layer) {
    std::string piece;
    for (uint64_t offset = 0; offset < layer.size_bytes(); offset += piece.size()) {
      piece.resize(std::min<uint64_t>(kPieceBytes, layer.size_bytes() - offset));
      layer.CopyBytes(offset, piece.size(), piece.data());
      RETURN_IF_ERROR(Append(piece));
    }
    return OkStatus();
  }

  Status AppendDigest() { return file_.Append(digest_.Bytes()); }

 private:
  WritableFile& file_;
  FilterDigest digest_;
  size_t unstarted_bytes_ = 0;
};

Status WriteAndSync(FileSystem& fs, const std::string& path, const KeyFilter& filter,
                    const FilterFileInfo& info) {
  FilterHeader header;
  header.seed = filter.seed();
  header.version = info.version;
  header.store_id = info.store_id;
  // A layer that is added from here on has only keys that are added from here on.
  const size_t layers = filter.layers();
  for (size_t i = 0; i < layers; ++i) {
    header.layers.push_back({filter.layer(i).blocks(), filter.layer(i).keys()});
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.Create(path));
  DigestedWriter writer(*file);
  RETURN_IF_ERROR(writer.Append(EncodeHeader(header)));
  for (size_t i = 0; i < layers; ++i) {
    RETURN_IF_ERROR(writer.AppendLayer(filter.layer(i)));
  }
  RETURN_IF_ERROR(writer.AppendDigest());
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

// Reads a file from start to end; what it reads goes into the digest.
class DigestedReader {
 public:
  DigestedReader(const RandomAccessFile& file, std::string path)
      : file_(file), path_(std::move(path)) {}

  // Errors: kDataLoss at the end of the file.
  Status Read(size_t size_bytes, char* out) {
    ASSIGN_OR_RETURN(const size_t read_bytes, file_.Read(offset_, size_bytes, out));
    if (read_bytes != size_bytes) {
      return Corrupt(path_, fmt::format("it ends at {} bytes", offset_ + read_bytes));
    }
    offset_ += size_bytes;
    digest_.Add({out, size_bytes});
    return OkStatus();
  }

  StatusOr<std::unique_ptr<FilterLayer>> ReadLayer(const FilterHeader::Layer& form) {
    ASSIGN_OR_RETURN(std::unique_ptr<FilterLayer> layer, FilterLayer::Create(form.blocks));
    for (uint64_t offset = 0; offset < layer->size_bytes(); offset += kPieceBytes) {
      RETURN_IF_ERROR(Read(std::min<uint64_t>(kPieceBytes, layer->size_bytes() - offset),
                           layer->BytesToFill() + offset));
    }
    layer->SetKeys(form.keys);
    return layer;
  }

  // The digest at the end against the bytes before it.
  Status CheckDigest() {
    const std::string expected = digest_.Bytes();
    std::string found(kDigestBytes, '\0');
    RETURN_IF_ERROR(Read(found.size(), found.data()));
    return found == expected ? OkStatus() : Corrupt(path_, "the digest does not match");
  }

 private:
  const RandomAccessFile& file_;
  const std::string path_;
  FilterDigest digest_;
  uint64_t offset_ = 0;
};

StatusOr<FilterHeader> ReadHeader(DigestedReader& reader, const std::string& path,
                                  uint64_t file_bytes) {
  if (file_bytes < kHeaderBytes) {
    return Corrupt(path, fmt::format("{} bytes are not even a header", file_bytes));
  }
  std::string bytes(kHeaderBytes, '\0');
  RETURN_IF_ERROR(reader.Read(bytes.size(), bytes.data()));
  StatusOr<FilterHeader> header = DecodeHeader(bytes);
  if (!header.ok()) {
    return Corrupt(path, MessageOf(header.status()));
  }
  // Before any memory is taken for the layers.
  if (const uint64_t expected = FileBytesOf(*header); file_bytes != expected) {
    return Corrupt(path,
                   fmt::format("it holds {} bytes, its layers need {}", file_bytes, expected));
  }
  return header;
}

}  // namespace

Status WriteFilterFile(FileSystem& fs, const std::string& path, const KeyFilter& filter,
                       const FilterFileInfo& info) {
  RETURN_IF_ERROR(CheckNames(info.store_id, info.version));
  const std::string tmp = path + "-tmp";
  Status status = WriteAndSync(fs, tmp, filter, info);
  if (status.ok()) {
    status = fs.Rename(tmp, path);
  }
  if (!status.ok()) {
    // A leftover would hold space, perhaps the very space that ran out. The first error is the one
    // to report.
    static_cast<void>(fs.RemoveFile(tmp));
    return status;
  }
  return fs.SyncDir(ParentPath(path));
}

StatusOr<LoadedFilter> ReadFilterFile(FileSystem& fs, const std::string& path,
                                      uint64_t size_bytes_max) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, fs.OpenRead(path));
  ASSIGN_OR_RETURN(const uint64_t file_bytes, file->Size());
  DigestedReader reader(*file, path);
  ASSIGN_OR_RETURN(FilterHeader header, ReadHeader(reader, path, file_bytes));
  const uint64_t layer_bytes = file_bytes - kHeaderBytes - kDigestBytes;
  if (layer_bytes > size_bytes_max) {
    return ResourceExhausted(
        fmt::format("filter file {}: its layers have {} bytes, the limit is {}", path, layer_bytes,
                    size_bytes_max));
  }
  std::vector<std::unique_ptr<FilterLayer>> layers;
  for (const FilterHeader::Layer& form : header.layers) {
    ASSIGN_OR_RETURN(std::unique_ptr<FilterLayer> layer, reader.ReadLayer(form));
    layers.push_back(std::move(layer));
  }
  RETURN_IF_ERROR(reader.CheckDigest());
  KeyFilterOptions options;
  options.seed = header.seed;
  options.size_bytes_max = size_bytes_max;
  return LoadedFilter{{std::move(header.store_id), header.version},
                      KeyFilter::FromLayers(options, std::move(layers))};
}

}  // namespace flatkv
