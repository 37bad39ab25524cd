#include "tests/support/mem_disk.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

namespace flatkv::test {
namespace {

MemNodePtr MakeNode(FileType type, uint64_t inode) {
  auto node = std::make_shared<MemNode>();
  node->type = type;
  node->inode = inode;
  if (type == FileType::kRegular) {
    node->data = std::make_shared<std::string>();
  }
  return node;
}

void ApplyTo(std::map<std::string, MemNodePtr>& entries, const NameChange& change) {
  if (change.node == nullptr) {
    entries.erase(change.name);
  } else {
    entries[change.name] = change.node;
  }
}

// Copies the nodes of a graph, each once.
class Cloner {
 public:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the tree.
  MemNodePtr Clone(const MemNodePtr& node) {
    if (node == nullptr) {
      return nullptr;
    }
    const auto [at, inserted] = copies_.try_emplace(node.get());
    if (!inserted) {
      return at->second;
    }
    node->data_shared = true;
    auto copy = std::make_shared<MemNode>();
    at->second = copy;
    copy->type = node->type;
    copy->inode = node->inode;
    copy->links = node->links;
    copy->data = node->data;
    copy->data_shared = true;
    copy->durable_bytes = node->durable_bytes;
    copy->target = node->target;
    copy->entries = CloneEntries(node->entries);
    copy->durable_entries = CloneEntries(node->durable_entries);
    return copy;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): see Clone.
  std::map<std::string, MemNodePtr> CloneEntries(const std::map<std::string, MemNodePtr>& entries) {
    std::map<std::string, MemNodePtr> copies;
    for (const auto& [name, node] : entries) {
      copies.emplace_hint(copies.end(), name, Clone(node));
    }
    return copies;
  }

  std::unordered_map<const MemNode*, MemNodePtr> copies_;
};

}  // namespace

std::string& MemNode::MutableData() {
  if (data_shared) {
    data = std::make_shared<std::string>(*data);
    data_shared = false;
  }
  return *data;
}

MemDisk::MemDisk() : root_(MakeNode(FileType::kDirectory, 1)) { root_->links = 1; }

MemNodePtr MemDisk::NewNode(FileType type) { return MakeNode(type, ++inodes_); }

void MemDisk::Apply(NameOperation operation) {
  for (const NameChange& change : operation) {
    std::map<std::string, MemNodePtr>& entries = change.directory->entries;
    if (const auto old = entries.find(change.name); old != entries.end()) {
      --old->second->links;
    }
    if (change.node != nullptr) {
      ++change.node->links;
    }
    ApplyTo(entries, change);
  }
  pending_.push_back(std::move(operation));
}

void MemDisk::MakeDurable(const NameOperation& operation) {
  for (const NameChange& change : operation) {
    ApplyTo(change.directory->durable_entries, change);
  }
}

void MemDisk::SyncNames(const MemNodePtr& directory) {
  // From the newest to the oldest: an operation that is needed needs the older ones of all its
  // directories.
  std::set<const MemNode*> needed_directories = {directory.get()};
  std::vector<bool> needed(pending_.size(), false);
  for (size_t i = pending_.size(); i-- > 0;) {
    needed[i] = std::any_of(pending_[i].begin(), pending_[i].end(), [&](const NameChange& change) {
      return needed_directories.contains(change.directory.get());
    });
    if (needed[i]) {
      for (const NameChange& change : pending_[i]) {
        needed_directories.insert(change.directory.get());
      }
    }
  }
  std::vector<NameOperation> still_pending;
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (needed[i]) {
      MakeDurable(pending_[i]);
    } else {
      still_pending.push_back(std::move(pending_[i]));
    }
  }
  pending_ = std::move(still_pending);
}

MemDisk MemDisk::Clone() const {
  Cloner cloner;
  MemDisk copy(cloner.Clone(root_));
  copy.inodes_ = inodes_;
  for (const NameOperation& operation : pending_) {
    NameOperation& copied = copy.pending_.emplace_back();
    for (const NameChange& change : operation) {
      copied.push_back({cloner.Clone(change.directory), change.name, cloner.Clone(change.node)});
    }
  }
  return copy;
}

}  // namespace flatkv::test
