// What the code samples of the documentation may use without saying so.
#pragma once

#include <hindsight/hindsight.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
