#pragma once

#include <hindsight/detail/timetable.hpp>
#include <hindsight/scheduled.hpp>

#include <atomic>
#include <memory>

namespace hindsight {

HINDSIGHT_INLINE bool Scheduled::cancel() noexcept {
    if (!appointment_) return false;
    const std::shared_ptr<detail::Timetable> timetable = appointment_->timetable.lock();
    return timetable && timetable->cancel(*appointment_);
}

HINDSIGHT_INLINE bool Scheduled::pending() const noexcept {
    return appointment_ && appointment_->stage.load(std::memory_order_acquire) != detail::Appointment::Stage::over;
}

HINDSIGHT_INLINE std::uint64_t Scheduled::emitted() const noexcept {
    return appointment_ ? appointment_->emitted.load(std::memory_order_relaxed) : 0;
}

HINDSIGHT_INLINE std::uint64_t Scheduled::skipped() const noexcept {
    return appointment_ ? appointment_->skipped.load(std::memory_order_relaxed) : 0;
}

HINDSIGHT_INLINE std::uint64_t Scheduled::failed() const noexcept {
    return appointment_ ? appointment_->failed.load(std::memory_order_relaxed) : 0;
}

}  // namespace hindsight
