// Tells reads of tables in order (compactions, iterators that move on) from lookups of single rows.
// A lookup wants one block, and what the system would read around it costs the disk and the page
// cache; a reader in order wants what follows. docs/decisions/0018 has the figures.
#pragma once

namespace flatkv {

// While it lives, the calling thread reads tables in order. Scopes may be nested.
class OrderedReads {
 public:
  OrderedReads();
  ~OrderedReads();
  OrderedReads(const OrderedReads&) = delete;
  OrderedReads& operator=(const OrderedReads&) = delete;

  // Whether the calling thread is in a scope.
  static bool Now();
};

}  // namespace flatkv
