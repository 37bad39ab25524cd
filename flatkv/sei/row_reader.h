// The rows of FlatKV's store in a Sei stream, every one checked. What else the stream holds (other
// stores, extensions) is passed over and counted.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/sei/item_reader.h"

namespace flatkv {

// What a stream holds beside FlatKV's rows.
struct SeiOthers {
  std::map<std::string, uint64_t, std::less<>> stores;  // name to number of nodes
  uint64_t extension_items = 0;
};

struct SeiRow {
  DataDb db = DataDb::kAccount;
  std::string_view key;
  std::string_view value;
};

class SeiRowReader {
 public:
  // `version`: of the state that the stream holds. Errors: those of PartReader::Open.
  static StatusOr<std::unique_ptr<SeiRowReader>> Open(FileSystem& fs, const std::string& path,
                                                      Version version,
                                                      uint64_t part_bytes = kSeiPartBytes);

  // The next row, in ascending order of physical keys; false at the end of the whole stream. The
  // row views bytes that live until the next call. Errors: kDataLoss with Reason::kArchiveCorrupt
  // naming the item and what is wrong with it: another version, a height, a key that is none or is
  // not above the one before, a row that is none. kNotFound if the stream has no store `flatkv`.
  StatusOr<bool> Next(SeiRow* row);

  // Whole after the end.
  const SeiOthers& others() const { return others_; }
  uint64_t bytes_read() const { return items_->bytes_read(); }
  uint64_t bytes_total() const { return items_->bytes_total(); }

 private:
  // Whose items come.
  enum class Place : uint8_t { kStart, kFlatKv, kOtherStore, kExtension };

  SeiRowReader(std::unique_ptr<ItemReader> items, std::string path, Version version)
      : items_(std::move(items)), path_(std::move(path)), version_(version) {}

  Status EnterStore(std::string_view name);
  Status PassOver(const SeiItem& item);
  Status CheckRow(const SeiItem& item, SeiRow* row);
  Status CheckEnd() const;

  const std::unique_ptr<ItemReader> items_;
  const std::string path_;
  const Version version_;
  Place place_ = Place::kStart;
  uint64_t* other_nodes_ = nullptr;  // of the store in which the reader is; kOtherStore
  bool has_flatkv_ = false;
  std::string last_key_;
  SeiOthers others_;
};

}  // namespace flatkv
