# The kinds of target. Every folder lists its sources by name; scripts/check_layers.py fails on a .cc that no list names.
include_guard()

add_library(flatkv_options INTERFACE)
target_compile_features(flatkv_options INTERFACE cxx_std_20)
target_include_directories(flatkv_options INTERFACE ${PROJECT_SOURCE_DIR})
# x86-64-v2 is the oldest CPU we support; faster instructions are chosen at run time (flatkv/lthash).
target_compile_options(flatkv_options INTERFACE
  -march=x86-64-v2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Werror -fno-omit-frame-pointer)
target_compile_definitions(flatkv_options INTERFACE _GLIBCXX_ASSERTIONS $<$<CONFIG:Debug>:FLATKV_DEBUG_CHECKS>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(flatkv_options INTERFACE -Wthread-safety)
else()
  # GCC 12 reports false positives for std::string at -O3 (GCC bug 105329), so no -Wrestrict.
  target_compile_options(flatkv_options INTERFACE -Wduplicated-cond -Wlogical-op -Wno-restrict)
endif()
if(FLATKV_SANITIZE)
  # GCC's optimiser reports false positives in instrumented code.
  target_compile_options(flatkv_options INTERFACE -fsanitize=${FLATKV_SANITIZE} -fno-sanitize-recover=all
    -Wno-null-dereference -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-tsan)
  target_link_options(flatkv_options INTERFACE -fsanitize=${FLATKV_SANITIZE})
endif()
if(FLATKV_COVERAGE)
  target_compile_options(flatkv_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(flatkv_options INTERFACE --coverage)
endif()
if(FLATKV_FUZZ)
  target_compile_options(flatkv_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(flatkv_options INTERFACE -fsanitize=address,undefined)
endif()

# flatkv_library(NAME SOURCES ... ALONE ... DEPS ...): one static library for one folder. ALONE: see flatkv_unity.
function(flatkv_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_ALONE})
  target_link_libraries(${name} PUBLIC flatkv_options ${ARG_DEPS})
  flatkv_unity(${name} ${ARG_ALONE})
endfunction()

# flatkv_quick_build(TARGET): for code that is not hot: -O1 halves the time to compile it in a release build.
function(flatkv_quick_build name)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# flatkv_binary(NAME SOURCES ... DEPS ...): an executable in build/<preset>/bin.
function(flatkv_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE flatkv_options ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# flatkv_allocator(TARGET): the program allocates with jemalloc (flatkv/base/allocator.h), except beside tools that bring an
# allocator of their own.
function(flatkv_allocator name)
  if(NOT FLATKV_SANITIZE AND NOT FLATKV_FUZZ)
    target_link_libraries(${name} PRIVATE PkgConfig::jemalloc)
  endif()
endfunction()

# Headers that a folder needs everywhere and that take long are parsed once; in release builds only, so that the other presets
# notice a missing #include.
set(FLATKV_PRECOMPILE OFF)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT FLATKV_SANITIZE)
  set(FLATKV_PRECOMPILE ON)
endif()

# flatkv_precompile(TARGET HEADER...): a precompiled header of the target's own.
function(flatkv_precompile name)
  if(FLATKV_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${ARGN})
  endif()
endfunction()

# flatkv_unity(TARGET SOURCE...): in those builds several sources are compiled as one: the templates of the libraries that all of
# them use are instantiated once for six. The other presets compile each by itself, and so do these the named sources: they have
# names that others of the target have too.
function(flatkv_unity name)
  if(FLATKV_PRECOMPILE)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# One for all tests: what nearly every one of them includes.
function(flatkv_test_headers name)
  if(NOT FLATKV_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET flatkv_test_pch)
    file(WRITE ${PROJECT_BINARY_DIR}/flatkv_test_pch.cc "")
    add_library(flatkv_test_pch OBJECT ${PROJECT_BINARY_DIR}/flatkv_test_pch.cc)
    target_link_libraries(flatkv_test_pch PRIVATE flatkv_options absl::statusor GTest::gmock GTest::gtest_main fmt::fmt)
    target_compile_options(flatkv_test_pch PRIVATE -O0 -pthread)
    target_precompile_headers(flatkv_test_pch PRIVATE
      <absl/status/statusor.h> <fmt/format.h> <gmock/gmock.h> <gtest/gtest.h> <algorithm> <functional> <map> <memory>
      <random> <set> <string> <thread> <vector>)
  endif()
  # Some dependencies ask for -pthread, and the compiler takes the header only if all do.
  target_compile_options(${name} PRIVATE -pthread)
  target_precompile_headers(${name} REUSE_FROM flatkv_test_pch)
endfunction()

# flatkv_test(NAME LABEL label TIMEOUT seconds SOURCES ... ALONE ... DEPS ...): a GoogleTest program, one ctest entry a case.
# ALONE: see flatkv_unity.
function(flatkv_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;ALONE;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES} ${ARG_ALONE})
  target_link_libraries(${name} PRIVATE flatkv_options ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  # What is hot in a test is in the libraries that it tests.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  flatkv_test_headers(${name})
  flatkv_unity(${name} ${ARG_ALONE})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
