#include "flatkv/store/view.h"

#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/store/mapped_key.h"
#include "flatkv/store/store_iterator.h"

namespace flatkv {

View::View(FileSystem& fs, ViewContents contents)
    : version_(contents.version),
      root_(contents.root),
      state_(std::move(contents.state)),
      memory_bytes_(contents.memory_bytes),
      is_clone_(contents.clone != nullptr),
      fs_(fs),
      contents_(std::move(contents)) {}

View::~View() { End(WithReason(Unavailable("the view is closed"), Reason::kClosed)); }

StatusOr<ReadResult> View::Get(std::span<const KeyRef> keys) {
  ReaderLock lock(mu_);
  RETURN_IF_ERROR(ended_);
  ReadResult result;
  result.version = version_;
  result.values.reserve(keys.size());
  std::string row;
  for (const KeyRef& key : keys) {
    ASSIGN_OR_RETURN(const MappedKey mapped, MapKey(key));
    ASSIGN_OR_RETURN(const bool found,
                     contents_.rows->Get(mapped.target.db, mapped.physical, &row));
    std::optional<std::string>& value = result.values.emplace_back();
    if (found) {
      ASSIGN_OR_RETURN(value, ValueOf(mapped, row));
    }
  }
  return result;
}

StatusOr<std::unique_ptr<StoreIterator>> View::Iterate(const IterateRange& range) {
  RETURN_IF_ERROR(ValidateModule(range.module));
  ReaderLock lock(mu_);
  RETURN_IF_ERROR(ended_);
  RowSource& rows = *contents_.rows;
  return iterators_.Add(NewStoreIterator(range, version_, [&](const LaneSpec& lane) {
    return RowCursor(lane.range, range.reverse, {}, Arena(), rows.NewIterator(lane.target.db));
  }));
}

Status View::WalkRows(DataDb db, const std::function<Status(KvIterator&)>& use) {
  ReaderLock lock(mu_);
  RETURN_IF_ERROR(ended_);
  const std::unique_ptr<KvIterator> rows = contents_.rows->NewIterator(db);
  return use(*rows);
}

Status View::WalkAllRows(const std::function<Status(const Iterators&)>& use) {
  ReaderLock lock(mu_);
  RETURN_IF_ERROR(ended_);
  Iterators rows;
  for (const DataDb db : kAllDataDbs) {
    rows[IndexOf(db)] = contents_.rows->NewIterator(db);
  }
  return use(rows);
}

void View::End(const Status& why) {
  ending_.store(true, std::memory_order_release);
  WriterLock lock(mu_);
  if (!ended_.ok()) {
    return;
  }
  ended_ = why;
  iterators_.EndAll(why);
  contents_.rows.reset();
  contents_.clone.reset();
  if (!contents_.clone_directory.empty()) {
    // Scratch: the next open removes what cannot be removed now.
    RemoveTreeDurably(fs_, contents_.clone_directory).IgnoreError();
  }
  contents_.lease.reset();
}

}  // namespace flatkv
