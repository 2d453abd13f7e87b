#pragma once

#include <hindsight/detail/parking.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

namespace hindsight::detail {

HINDSIGHT_INLINE ParkingLot& ParkingLot::of(const void* address) noexcept {
    static constexpr std::size_t count = 64;
    // In static memory, so that waking and waiting need none; never destroyed, so that it may be used at any time.
    alignas(ParkingLot) static std::byte memory[count * sizeof(ParkingLot)];
    static ParkingLot* const lots = ::new (static_cast<void*>(memory)) ParkingLot[count];
    // Objects are aligned: the low bits say nothing.
    return lots[(reinterpret_cast<std::uintptr_t>(address) >> 6) % count];
}

}  // namespace hindsight::detail
