#pragma once

#include <hindsight/detail/mailbox.hpp>
#include <hindsight/error.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Mailbox::Mailbox(const MailboxOptions& options) : options_(options), room_until_(options.capacity) {
    if (options.capacity == 0) throw InvalidArgument("mailbox.capacity is 0: a mailbox holds at least one event");
    if (options.overflow > Overflow::conflate) throw InvalidArgument("mailbox.overflow is no Overflow");
    options_.hard_limit = std::max(options.hard_limit, options.capacity);
    if (options.block_for < Duration::zero()) throw InvalidArgument("mailbox.block_for is negative");
    if (options.overflow == Overflow::conflate) {
        if (options.capacity >= 1u << 31)
            throw InvalidArgument("mailbox.capacity of a conflating mailbox is over 2^31");
        queue_.emplace<ConflatingQueue>();
    }
    // What is in hand can no longer be dropped for, or replaced by, something newer, and does not count against the
    // capacity: take one at a time where that would show.
    constexpr std::size_t largest_turn = 64;
    const bool exact = options.overflow == Overflow::drop_oldest || options.overflow == Overflow::conflate;
    turn_ = exact ? 1 : std::clamp<std::size_t>(options.capacity / 16, 1, largest_turn);
}

HINDSIGHT_INLINE void Mailbox::reserve(std::size_t count) {
    // Beyond its limit a mailbox pushes only after it took one out, or not at all.
    const std::size_t limit = overflow() == Overflow::block ? options_.hard_limit : options_.capacity;
    if (size() >= limit) return;
    const std::size_t wanted = std::min(limit - size(), count) + size();
    std::visit([wanted](auto& queue) { queue.reserve(wanted); }, queue_);
}

HINDSIGHT_INLINE Mailbox::Push Mailbox::push_thoroughly(Envelope& envelope, bool no_growth) noexcept {
    if (auto* queue = std::get_if<ConflatingQueue>(&queue_)) {
        Push result;
        if (queue->contains_key_of(envelope)) {
            ++conflated;
        } else if (queue->size() >= options_.capacity) {
            result.displaced = queue->drop_front();
            ++dropped;
        }
        if (Envelope* replaced = queue->push(envelope)) result.displaced = replaced;
        return result;
    }

    auto& queue = std::get<PendingQueue>(queue_);
    Push result;
    if (queue.size() >= options_.capacity) {
        const bool grows = overflow() == Overflow::block && !no_growth && queue.size() < options_.hard_limit;
        if (overflow() == Overflow::drop_oldest) {
            result.displaced = queue.drop_front();
            ++dropped;
        } else if (!grows) {
            queue.note_hole_at_end({envelope.seq, envelope.seq, 1});
            ++dropped;
            result.fate = Fate::dropped;
            return result;
        }
    }
    queue.push(envelope);
    return result;
}

HINDSIGHT_INLINE std::size_t Mailbox::take(std::span<Pending> out) noexcept {
    return std::visit(
        [&](auto& queue) {
            const std::size_t taken = std::min({out.size(), turn_, queue.size()});
            for (std::size_t i = 0; i < taken; ++i) out[i] = queue.pop();
            progress.begin(taken);
            if constexpr (std::is_same_v<decltype(queue), PendingQueue&>) stream.note_next(queue.place_of_front());
            if (taken == out.size() || queue.size() > 0) return taken;
            const Lagged hole = queue.take_hole_at_end();
            if (hole.missed == 0) return taken;
            out[taken] = {nullptr, hole};
            return taken + 1;
        },
        queue_);
}

HINDSIGHT_INLINE Envelope* Mailbox::bring_in() noexcept {
    Envelope* const envelope = std::exchange(held_back, nullptr);
    if (envelope == nullptr) return nullptr;
    const Push push = this->push(*envelope, false);
    return push.fate == Fate::dropped ? envelope : push.displaced;
}

HINDSIGHT_INLINE Mailbox::Queue Mailbox::take_all() noexcept {
    Queue taken = std::move(queue_);
    if (overflow() == Overflow::conflate) {
        queue_.emplace<ConflatingQueue>();
    } else {
        queue_.emplace<PendingQueue>();
    }
    return taken;
}

}  // namespace hindsight::detail
