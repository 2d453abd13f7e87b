// Watchdog: tells of handlers that run for longer than they should while they still run.
//
// Runs that are watched stand in a list, each in the memory of its thread or coroutine, from just before the handler is
// called to just after it returns. The mutex guards the list and all of a run: who begins or ends one takes it, and so
// does the thread that watches, which starts with the first subscription that is watched. As long as that thread holds
// it, a run in the list has not ended, so its node and its record are alive; it takes references to both, lets go of
// the mutex, and only then has its owner tell, which may run user code. A handler that ends meanwhile does not wait.
//
// The thread sleeps until the first run is due. A run that begins later is due no earlier than the shortest of all
// thresholds from then on, so the thread never sleeps longer than that while there are runs, and beginning one need not
// wake it; where it finds none it sleeps until one begins. Runs are timed by the steady clock, whatever clock the bus
// has.
//
// The hub owns the watchdog, its thread shares it, and knows the hub weakly, but while it tells. The thread ends in
// `end()`, which joins it, unless that might wait for itself.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace hindsight::detail {

/// One run that is watched. It stays where it is from `begin` to `end`.
struct WatchedRun {
    Node* node = nullptr;  // null: it is not watched
    const Record* record = nullptr;
    Deadline began{};
    Duration after{};   // how long it may go on before that is told
    unsigned told = 0;  // how often it has been
    WatchedRun* previous = nullptr;
    WatchedRun* next = nullptr;
};

struct WatchdogOwner {
    /// The node's handler has run for so long; `told`: the first, second ... time that this is told of the run. On the
    /// watching thread, without a lock.
    virtual void tell_of_slow(Node& node, const Record& record, Duration running, unsigned told) noexcept = 0;

protected:
    ~WatchdogOwner() = default;
};

class HINDSIGHT_API Watchdog final : public std::enable_shared_from_this<Watchdog> {
public:
    explicit Watchdog(std::weak_ptr<WatchdogOwner> owner) noexcept : owner_(std::move(owner)) {}
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// Runs with this threshold will come. Throws std::system_error (no thread); nothing has changed then.
    void expect(Duration threshold);
    /// The handler is about to be called; the node and the record live until `end`.
    void begin(WatchedRun& run, Node& node, const Record& record, Duration threshold) noexcept;
    /// It has returned.
    void end(WatchedRun& run) noexcept;

    /// Ends the thread. `may_wait`: until it has ended.
    void stop(bool may_wait) noexcept;

private:
    void work() noexcept;
    /// The first one in the list that is due, or null: `wake` is when to look again.
    WatchedRun* find_due_locked(Deadline now, Deadline& wake) const noexcept HINDSIGHT_REQUIRES(mutex_);
    /// Unlocks meanwhile.
    void tell(std::unique_lock<std::mutex>& lock, WatchedRun& run, Deadline now) noexcept HINDSIGHT_UNCHECKED_LOCKING;

    const std::weak_ptr<WatchdogOwner> owner_;
    std::mutex mutex_;
    std::condition_variable changed_;
    WatchedRun* first_ HINDSIGHT_GUARDED_BY(mutex_) = nullptr;
    Duration shortest_ HINDSIGHT_GUARDED_BY(mutex_) = Duration::max();
    bool sleeps_ HINDSIGHT_GUARDED_BY(mutex_) = false;  // until a run begins
    bool ending_ HINDSIGHT_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/watchdog.ipp>
#endif
