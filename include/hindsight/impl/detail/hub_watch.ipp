#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/impl/detail/error_text.hpp>
#include <hindsight/impl/detail/hub.ipp>
#include <hindsight/watching.hpp>

#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE void Hub::watch(Node& node, const SubscribeOptions& options) {
    if (options.quarantine) {
        hub::require_sense(*options.quarantine);
        node.quarantine = std::make_unique<Quarantine>(*options.quarantine, node.flags, Node::quarantined);
        node.flags.fetch_or(Node::limited, std::memory_order_relaxed);
        if (options.quarantine->release_after) releases_.store(true, std::memory_order_relaxed);
    }
    if (options.slow_after) hub::require_threshold(*options.slow_after, "subscribe: slow_after", single_threaded_);
    if (node.readers) return;  // there is no handler
    const Duration slow_after = options.slow_after.value_or(options_.watch.slow_after.value_or(Duration::max()));
    if (!options_.watch.times && slow_after == Duration::max()) return;
    node.watched = std::make_unique<Watched>();
    if (options_.watch.times) {
        node.watched->run = std::make_unique<TimeRecorder>();
        if (options.delivery == Delivery::queued) node.watched->wait = std::make_unique<TimeRecorder>();
    }
    if (slow_after != Duration::max()) {
        std::call_once(watchdog_made_, [this] {
            own_watchdog_ = std::make_shared<Watchdog>(weak_from_this());
            watchdog_.store(own_watchdog_.get(), std::memory_order_release);
        });
        own_watchdog_->expect(slow_after);
        node.watched->slow_after = slow_after;
    }
    node.flags.fetch_or(Node::observed, std::memory_order_relaxed);
}

HINDSIGHT_INLINE void Hub::tell_of_slow(Node& node, const Record& record, Duration running, unsigned told) noexcept {
    if (told == 1) {
        node.watched->slow.add(ThreadSlot::current());
        slow_.add(ThreadSlot::current());
    }
    // What is slow below one of the library's events is counted: it would go round and round.
    if (record.envelope()->has(Envelope::below_error) || state_.load(std::memory_order_acquire) == State::closed)
        return;
    try {
        // As in a handler: a full mailbox does not hold up the watching.
        const Frame frame(ThreadSlot::current(), *this);
        SlowHandler event{label_of(node), node.id, record, running, told};
        const std::string key = std::to_string(node.id) + ":" + event.subscription;
        tell(std::move(event), key, record);
    } catch (const std::bad_alloc&) {
        // It is counted.
    }
}

HINDSIGHT_INLINE bool Hub::note_failure(Node& node, const Record& record, const std::exception_ptr& error) noexcept {
    const TimePoint at = now();
    LastError::EntryPtr entry;
    try {
        constexpr std::size_t longest = 1024;
        entry = std::make_shared<const LastError::Entry>(
            LastError::Entry{.text = text_of(error).substr(0, longest), .time = at});
        node.last_error.set(entry);
    } catch (const std::bad_alloc&) {
        // The one before it stays.
    }
    if (watched_names_ && record) {
        WatchedName& of_name = watched_names_->of(record.name());
        of_name.failed.add(ThreadSlot::current());
        if (entry) of_name.last_error.set(std::move(entry));
    }
    if (!node.quarantine || !node.quarantine->note_failure(at)) return false;
    node.quarantine->times.add(ThreadSlot::current());
    quarantines_.add(ThreadSlot::current());
    return true;
}

HINDSIGHT_INLINE void Hub::tell_of_quarantine(const Node& node, const Record& record) {
    SubscriptionQuarantined event{.subscription = label_of(node),
                                  .id = node.id,
                                  .failures = node.quarantine->options().failures,
                                  .last_error = {}};
    if (const LastError::EntryPtr last = node.last_error.get()) event.last_error = last->text;
    const std::string key = std::to_string(node.id) + ":" + event.subscription;
    tell(std::move(event), key, record);
}

HINDSIGHT_INLINE bool Hub::goes_on(Node& node) const noexcept {
    return node.quarantine && node.quarantine->end_if_due(now()) && !node.has(Node::skipping);
}

HINDSIGHT_INLINE void Hub::end_due_quarantines(const Snapshot& subscribers) const noexcept {
    for (const NodePtr& node : subscribers.nodes) {
        if (node->has(Node::quarantined)) goes_on(*node);
    }
}

HINDSIGHT_INLINE void Hub::tell_of_unhandled(const Record& record) noexcept {
    if (is_library_name(record.name())) return;
    unhandled_.add(ThreadSlot::current());
    // Else one that a handler of UnhandledEvent emits, and nobody handles, would go round and round.
    if (record.envelope()->has(Envelope::below_error)) return;
    tell(UnhandledEvent{record}, record.name(), record);
}

}  // namespace hindsight::detail
