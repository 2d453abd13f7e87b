// Scheduled: the handle of an event that is to be emitted later, or again and again; it keeps it scheduled.
#pragma once

#include <hindsight/detail/api.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace hindsight {

namespace detail {
struct Appointment;
}

/// Move-only; the destructor cancels. Every function is thread-safe but for moves and destruction, never throws, and
/// may be called inside handlers, after the bus is gone, and on a handle without anything scheduled.
struct [[nodiscard]] HINDSIGHT_API Scheduled {
    Scheduled() noexcept = default;
    Scheduled(Scheduled&&) noexcept = default;
    Scheduled& operator=(Scheduled&& other) noexcept {
        Scheduled old(std::move(*this));
        appointment_ = std::move(other.appointment_);
        return *this;
    }
    ~Scheduled() { cancel(); }

    /// Whether this call has prevented an emit: true: one was to come, and none will any more. False: there was nothing
    /// left to prevent, as it is emitted or cancelled already.
    ///
    /// On return nothing is emitted any more: where another thread is just emitting the event, with the direct handlers
    /// that belong to it, this waits for that (and is true for `emit_every`, whose next emit it has prevented). Only
    /// inside a handler, filter or policy does it not wait, but returns false: what is being emitted then is the last.
    /// In its own handlers a repeated event has been emitted: true. O(log n) for n scheduled events.
    bool cancel() noexcept;

    /// Leaves the event scheduled until the bus ends. The handle is then empty.
    void detach() && noexcept { appointment_.reset(); }

    /// Whether an event is to come, or is just being emitted.
    bool pending() const noexcept;

    /// How often it has been emitted so far.
    std::uint64_t emitted() const noexcept;
    /// Periods of `emit_every` that were left out, because they were over before their event was emitted.
    std::uint64_t skipped() const noexcept;
    /// How often emitting it has failed, which `on_error` was told of.
    std::uint64_t failed() const noexcept;

    /// For the library.
    explicit Scheduled(std::shared_ptr<detail::Appointment> appointment) noexcept
        : appointment_(std::move(appointment)) {}

private:
    std::shared_ptr<detail::Appointment> appointment_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/scheduled.ipp>
#endif
