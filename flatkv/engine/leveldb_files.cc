#include "flatkv/engine/leveldb_files.h"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

#include "flatkv/engine/leveldb_status.h"
#include "flatkv/engine/ordered_reads.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

constexpr size_t kBufferBytes = 64 << 10;
// What a reader in order has ahead of it at most.
constexpr uint64_t kReadAheadBytes = 512 << 10;

class DroppingFile final : public leveldb::WritableFile {
 public:
  leveldb::Status Append(const leveldb::Slice&) override { return leveldb::Status::OK(); }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override { return leveldb::Status::OK(); }
};

// A file that is destroyed without Close may lose what was not synced: LevelDB gave it up.
class BufferedFile final : public leveldb::WritableFile {
 public:
  BufferedFile(std::unique_ptr<flatkv::WritableFile> file, const std::string& path, FileSystem& fs,
               IoMonitor& monitor, BufferedFileOptions options)
      : file_(std::move(file)),
        directory_(ParentPath(path)),
        fs_(fs),
        monitor_(monitor),
        options_(std::move(options)),
        must_sync_name_(options_.sync_name) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    buffer_.append(data.data(), data.size());
    return buffer_.size() < kBufferBytes ? leveldb::Status::OK() : Guard([this] { return Emit(); });
  }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override {
    return Guard([this] { return EmitAndSync(); });
  }
  leveldb::Status Close() override {
    return Guard([this] {
      RETURN_IF_ERROR(Emit());
      return file_->Close();
    });
  }

 private:
  template <typename Operation>
  leveldb::Status Guard(Operation operation) {
    const Status failed_before = monitor_.WriteFailure();
    return ToLevelDb(failed_before.ok() ? monitor_.NoteWrite(operation()) : failed_before);
  }

  Status Emit() {
    if (buffer_.empty()) {
      return OkStatus();
    }
    if (options_.before_write && !before_write_called_) {
      RETURN_IF_ERROR(options_.before_write());
      before_write_called_ = true;
    }
    RETURN_IF_ERROR(file_->Append(buffer_));
    monitor_.AddBytesWritten(buffer_.size());
    bytes_emitted_ += buffer_.size();
    bytes_since_writeback_ += buffer_.size();
    buffer_.clear();
    if (options_.writeback_bytes != 0 && bytes_since_writeback_ >= options_.writeback_bytes) {
      bytes_since_writeback_ = 0;
      return file_->StartWriteback();
    }
    return OkStatus();
  }

  Status EmitAndSync() {
    RETURN_IF_ERROR(Emit());
    RETURN_IF_ERROR(file_->Sync());
    before_write_called_ = false;
    if (must_sync_name_) {
      RETURN_IF_ERROR(fs_.SyncDir(directory_));
      must_sync_name_ = false;
    }
    if (options_.after_sync) {
      options_.after_sync(bytes_emitted_);
    }
    return OkStatus();
  }

  const std::unique_ptr<flatkv::WritableFile> file_;
  const std::string directory_;
  FileSystem& fs_;
  IoMonitor& monitor_;
  const BufferedFileOptions options_;
  std::string buffer_;
  uint64_t bytes_emitted_ = 0;
  uint64_t bytes_since_writeback_ = 0;
  bool before_write_called_ = false;
  bool must_sync_name_;
};

class ReadAdapter {
 public:
  ReadAdapter(std::unique_ptr<RandomAccessFile> file, IoMonitor& monitor)
      : file_(std::move(file)), monitor_(monitor) {}

  leveldb::Status Read(uint64_t offset, size_t size_bytes, leveldb::Slice* result,
                       char* scratch) const {
    const StatusOr<size_t> read = file_->Read(offset, size_bytes, scratch);
    *result = leveldb::Slice(scratch, read.ok() ? *read : 0);
    return ToLevelDb(monitor_.NoteRead(read.status()));
  }

 private:
  std::unique_ptr<RandomAccessFile> file_;
  IoMonitor& monitor_;
};

class SequentialAdapter final : public leveldb::SequentialFile {
 public:
  explicit SequentialAdapter(ReadAdapter file) : file_(std::move(file)) {}

  leveldb::Status Read(size_t n, leveldb::Slice* result, char* scratch) override {
    leveldb::Status status = file_.Read(offset_, n, result, scratch);
    offset_ += result->size();
    return status;
  }
  leveldb::Status Skip(uint64_t n) override {
    offset_ += n;
    return leveldb::Status::OK();
  }

 private:
  const ReadAdapter file_;
  uint64_t offset_ = 0;
};

class ContentFile final : public leveldb::SequentialFile {
 public:
  explicit ContentFile(std::string content) : content_(std::move(content)) {}

  leveldb::Status Read(size_t n, leveldb::Slice* result, char* scratch) override {
    const size_t size_bytes = content_.copy(scratch, n, offset_);
    *result = leveldb::Slice(scratch, size_bytes);
    offset_ += size_bytes;
    return leveldb::Status::OK();
  }
  leveldb::Status Skip(uint64_t n) override {
    offset_ += std::min(n, content_.size() - offset_);
    return leveldb::Status::OK();
  }

 private:
  const std::string content_;
  size_t offset_ = 0;
};

class RandomAccessAdapter final : public leveldb::RandomAccessFile {
 public:
  RandomAccessAdapter(std::unique_ptr<flatkv::RandomAccessFile> file, IoMonitor& monitor)
      : hints_(*file), file_(std::move(file), monitor) {
    hints_.ExpectLookups();
  }

  leveldb::Status Read(uint64_t offset, size_t n, leveldb::Slice* result,
                       char* scratch) const override {
    if (OrderedReads::Now()) {
      ReadAhead(offset, n);
    }
    return file_.Read(offset, n, result, scratch);
  }

 private:
  // Keeps at least half a window ahead of a reader. Readers at several places of one file take the
  // window from each other, which costs hints and nothing else.
  void ReadAhead(uint64_t offset, size_t n) const {
    const uint64_t ahead = ahead_.load(std::memory_order_relaxed);
    const bool follows = offset <= ahead && ahead <= offset + n + kReadAheadBytes;
    if (follows && offset + n + kReadAheadBytes / 2 <= ahead) {
      return;
    }
    const uint64_t begin = follows ? ahead : offset;
    const uint64_t end = offset + n + kReadAheadBytes;
    hints_.ReadAhead(begin, end - begin);
    ahead_.store(end, std::memory_order_relaxed);
  }

  const flatkv::RandomAccessFile& hints_;
  const ReadAdapter file_;
  mutable std::atomic<uint64_t> ahead_{0};  // reading of what is before it was started
};

}  // namespace

std::unique_ptr<leveldb::WritableFile> MakeDroppingFile() {
  return std::make_unique<DroppingFile>();
}

std::unique_ptr<leveldb::WritableFile> MakeBufferedFile(std::unique_ptr<WritableFile> file,
                                                        const std::string& path, FileSystem& fs,
                                                        IoMonitor& monitor,
                                                        BufferedFileOptions options) {
  return std::make_unique<BufferedFile>(std::move(file), path, fs, monitor, std::move(options));
}

std::unique_ptr<leveldb::SequentialFile> MakeSequentialFile(std::unique_ptr<RandomAccessFile> file,
                                                            IoMonitor& monitor) {
  return std::make_unique<SequentialAdapter>(ReadAdapter(std::move(file), monitor));
}

std::unique_ptr<leveldb::SequentialFile> MakeSequentialFile(std::string content) {
  return std::make_unique<ContentFile>(std::move(content));
}

std::unique_ptr<leveldb::RandomAccessFile> MakeRandomAccessFile(
    std::unique_ptr<RandomAccessFile> file, IoMonitor& monitor) {
  return std::make_unique<RandomAccessAdapter>(std::move(file), monitor);
}

}  // namespace flatkv
