#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/middleware.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace hindsight::detail {

namespace hub_statistics {

/// The record that one of the library's events is about, or null.
inline const Record* record_inside(const Envelope& envelope) noexcept {
    const void* const payload = envelope.payload();
    if (payload == nullptr) return nullptr;
    if (envelope.type == &event_type<HandlerError>()) return &static_cast<const HandlerError*>(payload)->record;
    if (envelope.type == &event_type<SlowHandler>()) return &static_cast<const SlowHandler*>(payload)->record;
    if (envelope.type == &event_type<UnhandledEvent>()) return &static_cast<const UnhandledEvent*>(payload)->record;
    return nullptr;
}

}  // namespace hub_statistics

HINDSIGHT_INLINE SubscriptionStatistics Hub::stats(const Node& node) const {
    SubscriptionStatistics stats = [&] {
        const std::lock_guard lock(ledger_->mutex);
        return node.stats();
    }();
    node.add_watched_to(stats);
    return stats;
}

HINDSIGHT_INLINE void Hub::has_ended(Node& node) noexcept {
    if (node.intercept != nullptr) return;  // it delivers nothing
    // Called when the node leaves the registry, and once more when it can be called no more: only what is new is added.
    const std::uint64_t now = node.deliveries();
    std::uint64_t before = node.delivered_in_total.load(std::memory_order_relaxed);
    while (before < now && !node.delivered_in_total.compare_exchange_weak(before, now)) {}
    if (before < now) delivered_.add(ThreadSlot::current(), now - before);
}

HINDSIGHT_INLINE Statistics Hub::stats() const {
    Statistics total;
    total.refused_closed = refused_closed_.get();
    total.refused_too_deep = refused_too_deep_.get();
    total.refused_vetoed = refused_vetoed_.get();
    total.refused_failed = refused_failed_.get();
    total.delivered = delivered_.get();
    total.failed = failed_.get();
    total.discarded = discarded_.get();
    total.dropped = dropped_.get();
    total.conflated = conflated_.get();
    total.unhandled = unhandled_.get();
    total.quarantines = quarantines_.get();
    total.slow = slow_.get();
    total.late_replies = late_replies_.get();

    std::vector<NodePtr> nodes = registry_.nodes();
    std::erase_if(nodes, [&](const NodePtr& node) {
        if (node->intercept == nullptr) return false;
        total.middleware.push_back(as_middleware(stats(*node)));
        return true;
    });
    registry_.for_each_topic([&](const Topic& topic) {
        const std::uint64_t emitted = topic.emitted.get();
        total.emitted += emitted;
        total.by_name[topic.name].emitted += emitted;
    });
    if (const std::uint64_t others = emitted_by_others_.get()) {
        total.emitted += others;
        total.by_name["(other)"].emitted = others;
    }
    if (watched_names_) {
        watched_names_->for_each([&](const WatchedName& watched) {
            const TimeStatistics run = watched.run.read();
            if (run.count == 0 && watched.failed.get() == 0) return;
            NameStatistics& of_name = total.by_name[watched.name];
            of_name.wait = watched.wait.read();
            of_name.run = run;
            of_name.failed = watched.failed.get();
            watched.last_error.show(of_name.last_error, of_name.last_error_at);
        });
    }
    for (auto& [name, of_name] : total.by_name) {
        for (const NodePtr& node : nodes) of_name.subscriptions += is_for(*node, name) ? 1u : 0u;
    }
    total.subscriptions.reserve(nodes.size());
    for (const NodePtr& node : nodes) {
        const SubscriptionStatistics& of_node = total.subscriptions.emplace_back(stats(*node));
        total.queue_depth += of_node.queue_depth;
        total.delivered += of_node.delivered;
        total.dropped += of_node.dropped;
        total.conflated += of_node.conflated;
        ++total.subscriptions_by_pattern[of_node.pattern];
    }
    if (const Timetable* const table = timetable_.load(std::memory_order_acquire)) total.schedules = table->stats();
    // Every match ends as one of these.
    total.matched = total.delivered + total.dropped + total.conflated + total.discarded + total.queue_depth;
    return total;
}

HINDSIGHT_INLINE std::size_t Hub::subscription_count(std::string_view pattern) const {
    const std::vector<NodePtr> nodes = registry_.nodes();
    return static_cast<std::size_t>(std::ranges::count_if(nodes, [&](const NodePtr& node) {
        return node->intercept == nullptr && (pattern.empty() || node->pattern->text() == pattern);
    }));
}

HINDSIGHT_INLINE std::size_t Hub::retire(const EventType& type) {
    registry_.forget_conversion(type);
    if (Timetable* const table = timetable_.load(std::memory_order_acquire)) table->forget(type);
    const auto holds = [&](const Envelope& envelope) {
        if (same_type(*envelope.type, type)) return true;
        const Record* const about = hub_statistics::record_inside(envelope);
        return about != nullptr && *about && same_type(*about->envelope()->type, type);
    };
    for (const NodePtr& node : registry_.nodes()) {
        if (!node->mailbox) continue;
        Mailbox::Queue removed;
        Envelope* held_back = nullptr;
        {
            const std::lock_guard lock(ledger_->mutex);
            Mailbox& mailbox = *node->mailbox;
            removed = mailbox.take_if(holds);
            if (mailbox.held_back != nullptr && holds(*mailbox.held_back))
                held_back = std::exchange(mailbox.held_back, nullptr);
        }
        finish_discarded(*node, removed);
        finish_discarded(*node, held_back);
        std::vector<EnvelopePtr> removed_backlog;
        {
            const std::lock_guard lock(ledger_->mutex);
            if (node->mailbox->backlog) removed_backlog = node->mailbox->backlog->take_if(holds);
        }
        for (EnvelopePtr& each : removed_backlog) count_discarded(*node, Record(std::move(each)));
    }
    {
        EvictedRecords evicted;
        const std::lock_guard lock(ledger_->mutex);
        ledger_->history.erase_if(holds, evicted, ledger_->last_seq.load(std::memory_order_relaxed));
    }
    return static_cast<std::size_t>(type.payloads->made.get() - type.payloads->destroyed.get());
}

HINDSIGHT_INLINE void Hub::reset_stats() noexcept {
    for (Counter* counter : {&emitted_by_others_, &refused_closed_, &refused_too_deep_, &refused_vetoed_,
                             &refused_failed_, &delivered_, &failed_, &dropped_, &conflated_, &discarded_}) {
        counter->reset();
    }
    if (Timetable* const table = timetable_.load(std::memory_order_acquire)) table->reset_stats();
    registry_.for_each_topic([](Topic& topic) { topic.emitted.reset(); });
    for (RareCounter* counter : {&unhandled_, &quarantines_, &slow_, &late_replies_}) counter->reset();
    if (watched_names_) watched_names_->for_each([](WatchedName& each) { each.reset(); });
    registry_.for_each_node([this](Node& node) {
        node.delivered.reset();
        for (RareCounter* counter : {&node.failed, &node.filter_rejected, &node.skipped_paused, &node.discarded}) {
            counter->reset();
        }
        node.last_error.set(nullptr);
        if (node.quarantine) node.quarantine->times.reset();
        if (node.watched) node.watched->reset();
        if (!node.mailbox) return;
        node.mailbox->delivered.reset();
        const std::lock_guard lock(ledger_->mutex);
        node.mailbox->dropped = 0;
        node.mailbox->conflated = 0;
    });
}

}  // namespace hindsight::detail
