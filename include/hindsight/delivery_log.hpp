// DeliveryLog: which handler ran for which event, on which thread, when and how long. For those who want to know: given
// to a bus in its options; see docs/exporting.md.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/short_lock.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/options.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hindsight {

/// What all runs of one subscription's handler have in common.
struct ObservedHandler {
    /// From its options; may be empty.
    std::string name;
    /// What it subscribed to: an event's name or a pattern.
    std::string pattern;
    Delivery delivery = Delivery::queued;
};

/// One run of a handler.
struct HandlerRun {
    /// The event that it was given.
    RecordId event = {};
    /// SubscriptionStatistics::id: unique in its bus.
    std::uint64_t subscription = 0;
    /// Null in no run that a log gives.
    std::shared_ptr<const ObservedHandler> handler = {};
    /// 1, 2, 3 ...: different for all threads that live at the same time; one that has ended leaves its number to a new
    /// one.
    unsigned thread = 0;
    /// What the system and its debuggers call the thread.
    std::uint64_t native_thread = 0;
    /// On the bus's clock, just before the handler was called.
    TimePoint start = {};
    /// Until just after it returned, or threw; never negative.
    Duration duration = {};
    bool failed = false;
};

/// A bounded record of the runs of handlers; the newest overwrites the oldest. One log may serve several buses.
///
/// What is written down: every call of a handler that was subscribed to a bus with this log, also those that throw.
/// A run is written down when it ends; filters, error handlers and `on_lagged` are no handlers.
///
/// Thread-safe. All memory is allocated by the constructor, but for the names of handlers, which `subscribe` allocates:
/// writing down never allocates, throws or runs user code. Each run then costs two looks at the bus's clock and a
/// short lock.
class HINDSIGHT_API DeliveryLog {
public:
    static constexpr std::size_t default_capacity = 16 * 1024;

    /// `capacity`: how many runs are remembered, some 80 bytes each. Throws InvalidArgument when it is 0,
    /// std::bad_alloc.
    explicit DeliveryLog(std::size_t capacity = default_capacity);
    ~DeliveryLog();
    DeliveryLog(const DeliveryLog&) = delete;
    DeliveryLog& operator=(const DeliveryLog&) = delete;

    /// All that it remembers, in the order in which the runs ended. O(capacity); runs that end meanwhile wait for it.
    /// Throws std::bad_alloc.
    std::vector<HandlerRun> runs() const;
    /// How many runs it no longer remembers since newer ones took their places.
    std::uint64_t overwritten() const noexcept;
    std::size_t capacity() const noexcept { return ring_.size(); }

    /// For the library: writes a run down.
    void add(HandlerRun run) noexcept;

private:
    mutable detail::ShortLock lock_;
    std::vector<HandlerRun> ring_;  // all that there will be; guarded by lock_, as is the count
    std::uint64_t added_ HINDSIGHT_GUARDED_BY(lock_) = 0;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/delivery_log.ipp>
#endif
