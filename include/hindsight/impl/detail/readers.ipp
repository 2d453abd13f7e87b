#pragma once

#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <span>
#include <utility>
#include <variant>

namespace hindsight::detail {

HINDSIGHT_INLINE void Readers::wake() noexcept {
    epoch.fetch_add(1, std::memory_order_release);
    unpark_all(&epoch);
}

HINDSIGHT_INLINE bool Readers::runs_here() const noexcept {
    return anywhere_.load(std::memory_order_relaxed) ||
           reader_.load(std::memory_order_relaxed) == ThreadSlot::current_or_null();
}

HINDSIGHT_INLINE bool Readers::keep(Mailbox::Queue& queue, std::unique_ptr<Backlog>& backlog,
                                    std::uint64_t readable) noexcept {
    const std::lock_guard lock(mutex_);
    if (given_up_ || readable == 0) return false;
    rest_.emplace(Rest{std::move(queue), std::move(backlog), readable});
    return true;
}

HINDSIGHT_INLINE Readers::Taken Readers::take_from_rest() noexcept {
    Taken taken;
    const std::lock_guard lock(mutex_);
    if (!rest_) return taken;
    Pending next;
    while (rest_->backlog && next.envelope == nullptr) {
        taken.lost += rest_->backlog->take(std::span(&next, 1)).payloads;
        if (rest_->backlog->empty()) rest_->backlog.reset();
    }
    if (next.envelope == nullptr) {
        taken.awaited = true;
        std::visit(
            [&](auto& queue) {
                if (queue.size() > 0) next = queue.pop();
            },
            rest_->queue);
    }
    taken.envelope = next.envelope;
    if (next.envelope == nullptr || --rest_->readable == 0) taken.unreadable = std::exchange(rest_, std::nullopt);
    return taken;
}

HINDSIGHT_INLINE std::size_t Readers::rest_size() const noexcept {
    const std::lock_guard lock(mutex_);
    if (!rest_) return 0;
    return std::visit([](const auto& queue) { return queue.size(); }, rest_->queue) +
           (rest_->backlog ? rest_->backlog->size() : 0);
}

HINDSIGHT_INLINE std::optional<Readers::Rest> Readers::give_up() noexcept {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    return std::exchange(rest_, std::nullopt);
}

}  // namespace hindsight::detail
