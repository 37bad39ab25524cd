#include "flatkv/engine/ordered_reads.h"

namespace flatkv {
namespace {

thread_local int scopes = 0;

}  // namespace

OrderedReads::OrderedReads() { ++scopes; }
OrderedReads::~OrderedReads() { --scopes; }
bool OrderedReads::Now() { return scopes > 0; }

}  // namespace flatkv
