#pragma once

#include <hindsight/detail/parking.hpp>

#include <cstddef>
#include <cstdint>

namespace hindsight::detail {

HINDSIGHT_INLINE ParkingLot& ParkingLot::of(const void* address) noexcept {
    static constexpr std::size_t count = 64;
    static ParkingLot* const lots = new ParkingLot[count];
    // Objects are aligned: the low bits say nothing.
    return lots[(reinterpret_cast<std::uintptr_t>(address) >> 6) % count];
}

}  // namespace hindsight::detail
