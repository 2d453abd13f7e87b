#pragma once

#include <hindsight/executor.hpp>

namespace hindsight {

HINDSIGHT_INLINE Executor::~Executor() = default;

}  // namespace hindsight
