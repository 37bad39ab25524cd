// Loads and stores of fixed-width integers at unaligned addresses, with the byte order in the name.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace flatkv {

static_assert(std::endian::native == std::endian::little, "big-endian hosts are not supported");

inline uint16_t LoadLe16(const void* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline uint32_t LoadLe32(const void* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline uint64_t LoadLe64(const void* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline uint64_t LoadBe64(const void* p) { return __builtin_bswap64(LoadLe64(p)); }
inline void StoreLe32(void* p, uint32_t v) { std::memcpy(p, &v, sizeof(v)); }
inline void StoreLe64(void* p, uint64_t v) { std::memcpy(p, &v, sizeof(v)); }
inline void StoreBe64(void* p, uint64_t v) { StoreLe64(p, __builtin_bswap64(v)); }

inline void AppendLe32(std::string* out, uint32_t v) {
  out->append(reinterpret_cast<const char*>(&v), sizeof(v));
}
inline void AppendLe64(std::string* out, uint64_t v) {
  out->append(reinterpret_cast<const char*>(&v), sizeof(v));
}
inline void AppendBe64(std::string* out, uint64_t v) { AppendLe64(out, __builtin_bswap64(v)); }

}  // namespace flatkv
