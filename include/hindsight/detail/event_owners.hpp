// EventOwners: finds the living engine that an event came from, for receipts, which may outlive it.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace hindsight::detail {

struct Envelope;

/// The engine that gave an event its seq.
struct EventOwner {
    /// Throws WouldDeadlock if the event can never be completed while the calling thread waits for it.
    virtual void require_wait_can_end(const Envelope& envelope) const = 0;

protected:
    ~EventOwner() = default;
};

/// Process-wide, thread-safe, never destroyed. Engines are found by the origin of their events.
class HINDSIGHT_API EventOwners {
public:
    static EventOwners& instance();

    void add(std::uint64_t origin, const std::shared_ptr<EventOwner>& owner);
    void remove(std::uint64_t origin) noexcept;
    /// Null if it is gone.
    std::shared_ptr<EventOwner> find(std::uint64_t origin);

private:
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::weak_ptr<EventOwner>> owners_ HINDSIGHT_GUARDED_BY(mutex_);
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/event_owners.ipp>
#endif
