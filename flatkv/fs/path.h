// Path text; no I/O. A '/' at the end of a path does not count: "a/b/" is read as "a/b".
#pragma once

#include <string>
#include <string_view>

namespace flatkv {

// "a" and "b" give "a/b"; a trailing '/' of `directory` is not doubled.
std::string JoinPath(std::string_view directory, std::string_view name);
// "a/b/c" gives "a/b"; "c" gives "."; "/c" gives "/".
std::string ParentPath(std::string_view path);
// The part after the last '/'.
std::string_view BaseName(std::string_view path);

}  // namespace flatkv
