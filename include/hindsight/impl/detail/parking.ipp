#pragma once

#include <hindsight/detail/parking.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE ParkingLot& ParkingLot::of(const void* address) noexcept {
    static constexpr std::size_t count = 64;
    // In static memory, so that waking and waiting need none; never destroyed, so that it may be used at any time.
    alignas(ParkingLot) static std::byte memory[count * sizeof(ParkingLot)];
    static ParkingLot* const lots = ::new (static_cast<void*>(memory)) ParkingLot[count];
    // Objects are aligned: the low bits say nothing.
    return lots[(reinterpret_cast<std::uintptr_t>(address) >> 6) % count];
}

HINDSIGHT_INLINE void ParkingLot::enter_locked(const void* address, std::shared_ptr<Parked> parked) noexcept {
    parked->address_ = address;
    parked->next_ = std::move(first);
    first = std::move(parked);
}

HINDSIGHT_INLINE std::shared_ptr<Parked> ParkingLot::take_locked(const void* address) noexcept {
    std::shared_ptr<Parked> taken;
    for (std::shared_ptr<Parked>* each = &first; *each;) {
        if ((*each)->address_ != address) {
            each = &(*each)->next_;
            continue;
        }
        std::shared_ptr<Parked> found = std::move(*each);
        *each = std::move(found->next_);
        found->address_ = nullptr;
        found->next_ = std::move(taken);
        taken = std::move(found);
    }
    return taken;
}

HINDSIGHT_INLINE void ParkingLot::tell(std::shared_ptr<Parked> taken) noexcept {
    while (taken) {
        std::shared_ptr<Parked> next = std::move(taken->next_);
        taken->unparked();
        taken = std::move(next);
    }
}

HINDSIGHT_INLINE void ParkingLot::leave(const void* address, const Parked& parked) noexcept {
    ParkingLot& lot = of(address);
    std::shared_ptr<Parked> left;  // let go of without the lock
    const std::lock_guard lock(lot.mutex);
    if (parked.address_ == nullptr) return;
    std::shared_ptr<Parked>* each = &lot.first;
    while (each->get() != &parked) each = &(*each)->next_;
    left = std::move(*each);
    *each = std::move(left->next_);
    left->address_ = nullptr;
}

}  // namespace hindsight::detail
