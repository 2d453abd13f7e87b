#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/impl/detail/hub_report.ipp>
#include <hindsight/watching.hpp>

#include <memory>
#include <new>
#include <string>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE bool Hub::note_failure(Node& node, const Record& record, const std::exception_ptr& error) noexcept {
    const TimePoint at = now();
    LastError::EntryPtr entry;
    try {
        constexpr std::size_t longest = 1024;
        entry = std::make_shared<const LastError::Entry>(
            LastError::Entry{.text = hub_report::what(error).substr(0, longest), .time = at});
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

HINDSIGHT_INLINE bool Hub::goes_on(Node& node) noexcept {
    return node.quarantine && node.quarantine->end_if_due(now()) && !node.has(Node::skipping);
}

HINDSIGHT_INLINE void Hub::end_due_quarantines(const Snapshot& subscribers) noexcept {
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
