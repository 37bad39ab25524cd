// One fuzz target a file: LLVMFuzzerTestOneInput aborts (FLATKV_CHECK) on a finding. Under the fuzz
// preset libFuzzer drives it; in every other build replay_main.cc runs the corpus and seeded
// mutations of it, so the targets never rot.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
