// The protobuf wire form of flatkv.v1.ChangelogEntry (proto/flatkv/v1/changeset.proto), written and
// read without copying keys and values. It is the changelog's payload, so encoding is canonical:
// fields in order, proto3 defaults left out, the embedded ChangeSet always present, no value in a
// removal. The bytes equal what protobuf itself emits (tests compare). Encoding:
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"

namespace flatkv {

// Appends field 1. The entry is this followed by AppendChangeSets, once or several times.
void AppendEntryVersion(Version version, std::string* out);
// Appends one field 2 for each named change set.
void AppendChangeSets(const ChangeSets& changes, std::string* out);
// The bytes that AppendChangeSets would add.
size_t EncodedChangeSetsBytes(const ChangeSets& changes);

struct ChangelogEntryView {
  Version version = 0;
  ChangeSets changes;  // views into the decoded bytes
};

// Strict: refuses unknown fields, wrong wire types and lengths beyond the input. Errors: kDataLoss.
StatusOr<ChangelogEntryView> DecodeChangelogEntry(std::string_view bytes);

}  // namespace flatkv
