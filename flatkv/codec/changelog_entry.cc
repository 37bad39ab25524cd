#include "flatkv/codec/changelog_entry.h"

#include <fmt/format.h>

namespace flatkv {
namespace {

// Tags: field number << 3 | wire type (0 varint, 2 length-delimited).
constexpr char kEntryVersionTag = 1 << 3 | 0;
constexpr char kEntryChangeSetTag = 2 << 3 | 2;
constexpr char kNamedChangeSetTag = 1 << 3 | 2;
constexpr char kNamedNameTag = 2 << 3 | 2;
constexpr char kPairsTag = 1 << 3 | 2;
constexpr char kPairDeleteTag = 1 << 3 | 0;
constexpr char kPairKeyTag = 2 << 3 | 2;
constexpr char kPairValueTag = 3 << 3 | 2;

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) {
    ++bytes;
  }
  return bytes;
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

size_t FieldBytes(size_t content_bytes) { return 1 + VarintBytes(content_bytes) + content_bytes; }
size_t OptionalFieldBytes(size_t content_bytes) {
  return content_bytes == 0 ? 0 : FieldBytes(content_bytes);
}

void AppendOptionalField(char tag, std::string_view content, std::string* out) {
  if (!content.empty()) {
    out->push_back(tag);
    AppendVarint(content.size(), out);
    out->append(content);
  }
}

size_t PairBytes(const KvPair& pair) {
  return (pair.remove ? 2 : OptionalFieldBytes(pair.value.size())) +
         OptionalFieldBytes(pair.key.size());
}

size_t PairsBytes(const NamedChangeSet& named) {
  size_t bytes = 0;
  for (const KvPair& pair : named.pairs) {
    bytes += FieldBytes(PairBytes(pair));
  }
  return bytes;
}

// Reads fields off the front of a message.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  bool Done() const { return rest_.empty(); }
  // The next tag; only one-byte tags exist in these messages.
  char Tag() {
    const char tag = rest_.front();
    rest_.remove_prefix(1);
    return tag;
  }
  bool Varint(uint64_t* value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) {
        return false;
      }
      *value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        return true;
      }
    }
    return false;
  }
  bool Content(std::string_view* content) {
    uint64_t length = 0;
    if (!Varint(&length) || length > rest_.size()) {
      return false;
    }
    *content = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

 private:
  std::string_view rest_;
};

bool DecodePair(std::string_view bytes, KvPair* pair) {
  FieldReader reader(bytes);
  while (!reader.Done()) {
    const char tag = reader.Tag();
    uint64_t flag = 0;
    if (tag == kPairDeleteTag) {
      if (!reader.Varint(&flag) || flag > 1) {
        return false;
      }
      pair->remove = flag == 1;
    } else if (tag == kPairKeyTag) {
      if (!reader.Content(&pair->key)) {
        return false;
      }
    } else if (tag != kPairValueTag || !reader.Content(&pair->value)) {
      return false;
    }
  }
  return true;
}

bool DecodePairs(std::string_view bytes, std::vector<KvPair>* pairs) {
  FieldReader reader(bytes);
  while (!reader.Done()) {
    std::string_view content;
    if (reader.Tag() != kPairsTag || !reader.Content(&content) ||
        !DecodePair(content, &pairs->emplace_back())) {
      return false;
    }
  }
  return true;
}

bool DecodeNamedChangeSet(std::string_view bytes, NamedChangeSet* named) {
  FieldReader reader(bytes);
  while (!reader.Done()) {
    const char tag = reader.Tag();
    std::string_view content;
    if (!reader.Content(&content)) {
      return false;
    }
    if (tag == kNamedChangeSetTag) {
      if (!DecodePairs(content, &named->pairs)) {
        return false;
      }
    } else if (tag == kNamedNameTag) {
      named->module = content;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

void AppendEntryVersion(Version version, std::string* out) {
  if (version != 0) {
    out->push_back(kEntryVersionTag);
    AppendVarint(static_cast<uint64_t>(version), out);
  }
}

size_t EncodedChangeSetsBytes(const ChangeSets& changes) {
  size_t bytes = 0;
  for (const NamedChangeSet& named : changes) {
    bytes += FieldBytes(FieldBytes(PairsBytes(named)) + OptionalFieldBytes(named.module.size()));
  }
  return bytes;
}

void AppendChangeSets(const ChangeSets& changes, std::string* out) {
  for (const NamedChangeSet& named : changes) {
    const size_t pairs_bytes = PairsBytes(named);
    out->push_back(kEntryChangeSetTag);
    AppendVarint(FieldBytes(pairs_bytes) + OptionalFieldBytes(named.module.size()), out);
    out->push_back(kNamedChangeSetTag);
    AppendVarint(pairs_bytes, out);
    for (const KvPair& pair : named.pairs) {
      out->push_back(kPairsTag);
      AppendVarint(PairBytes(pair), out);
      if (pair.remove) {
        out->push_back(kPairDeleteTag);
        out->push_back(1);
      }
      AppendOptionalField(kPairKeyTag, pair.key, out);
      if (!pair.remove) {
        AppendOptionalField(kPairValueTag, pair.value, out);
      }
    }
    AppendOptionalField(kNamedNameTag, named.module, out);
  }
}

StatusOr<ChangelogEntryView> DecodeChangelogEntry(std::string_view bytes) {
  ChangelogEntryView entry;
  FieldReader reader(bytes);
  while (!reader.Done()) {
    const char tag = reader.Tag();
    uint64_t version = 0;
    std::string_view content;
    if (tag == kEntryVersionTag) {
      if (!reader.Varint(&version)) {
        return DataLoss("changelog entry: bad version field");
      }
      entry.version = static_cast<Version>(version);
    } else if (tag != kEntryChangeSetTag || !reader.Content(&content) ||
               !DecodeNamedChangeSet(content, &entry.changes.emplace_back())) {
      return DataLoss(fmt::format("changelog entry: malformed at or after change set {}",
                                  entry.changes.size()));
    }
  }
  return entry;
}

}  // namespace flatkv
