#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/detail/reading.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <optional>
#include <utility>
#include <variant>

namespace hindsight::detail {

namespace reading {

inline void discard(Node& node, std::optional<Readers::Rest> rest) noexcept {
    if (!rest) return;
    if (const auto owner = node.owner.lock()) {
        owner->discard(node, rest->queue, std::move(rest->backlog));
        return;
    }
    std::size_t count = rest->backlog ? rest->backlog->size() : 0;
    std::visit(
        [&](auto& queue) {
            for (; queue.size() > 0; ++count) finish_delivery(queue.pop().envelope);
        },
        rest->queue);
    node.discarded.add(ThreadSlot::current(), count);
}

inline Record read_rest(Node& node) {
    ThreadSlot& slot = ThreadSlot::current();
    Readers::Taken taken = node.readers->take_from_rest();
    node.discarded.add(slot, taken.lost);
    discard(node, std::move(taken.unreadable));
    if (taken.envelope == nullptr) return Record();
    Record record{EnvelopePtr(taken.envelope)};
    node.delivered.add(slot);
    if (const auto owner = node.owner.lock()) owner->has_ended(node);  // for the totals
    if (taken.awaited) end_delivery(*taken.envelope);
    return record;
}

}  // namespace reading

HINDSIGHT_INLINE Record read(Node& node) {
    if (const auto owner = node.owner.lock()) {
        if (Record record = owner->read(node)) return record;
    }
    return reading::read_rest(node);
}

HINDSIGHT_INLINE bool has_unread(Node& node) noexcept {
    const auto owner = node.owner.lock();
    return (owner && owner->has_unread(node)) || node.readers->rest_size() > 0;
}

HINDSIGHT_INLINE Unread unread(const Node& node) noexcept {
    const auto owner = node.owner.lock();
    Unread result = owner ? owner->unread(node) : Unread{0, node.mailbox->dropped};
    result.waiting += node.readers->rest_size();
    return result;
}

HINDSIGHT_INLINE void discard_rest(Node& node) noexcept {
    reading::discard(node, node.readers->give_up());
}

}  // namespace hindsight::detail
