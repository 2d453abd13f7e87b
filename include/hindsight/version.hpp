// The version of the library. The build reads it from here; nothing else repeats it.

#pragma once

#include <string_view>

#define HINDSIGHT_VERSION_MAJOR 0
#define HINDSIGHT_VERSION_MINOR 1
#define HINDSIGHT_VERSION_PATCH 0

#define HINDSIGHT_STRINGIFY_EXPANDED(text) #text
#define HINDSIGHT_STRINGIFY(text) HINDSIGHT_STRINGIFY_EXPANDED(text)

namespace hindsight {

/// "major.minor.patch" of the headers this file was compiled with.
inline constexpr std::string_view version = HINDSIGHT_STRINGIFY(HINDSIGHT_VERSION_MAJOR) "." HINDSIGHT_STRINGIFY(
    HINDSIGHT_VERSION_MINOR) "." HINDSIGHT_STRINGIFY(HINDSIGHT_VERSION_PATCH);

}  // namespace hindsight

#undef HINDSIGHT_STRINGIFY
#undef HINDSIGHT_STRINGIFY_EXPANDED
