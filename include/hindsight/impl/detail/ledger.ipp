#pragma once

#include <hindsight/detail/ledger.hpp>

#include <random>

namespace hindsight::detail {

HINDSIGHT_INLINE std::uint64_t random_origin() {
    std::random_device device;
    std::uint64_t origin = 0;
    while (origin == 0) origin = std::uint64_t{device()} << 32 | device();
    return origin;
}

}  // namespace hindsight::detail
