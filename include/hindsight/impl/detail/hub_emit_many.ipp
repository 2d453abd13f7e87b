#pragma once

#include <hindsight/detail/draft_source.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/scope_entry.hpp>
#include <hindsight/impl/detail/batch.ipp>
#include <hindsight/impl/detail/batch_commit.ipp>

#include <cstddef>

namespace hindsight::detail {

namespace hub_emit_many {

/// What is refused counts all the same.
struct Count final : DraftTaker {
    void take(const Draft&) override { ++events; }
    std::size_t events = 0;
};

inline std::size_t count_of(const DraftSource& source) {
    if (source.expected > 0) return source.expected;
    Count count;
    source.give_to(count);
    return count.events;
}

}  // namespace hub_emit_many

HINDSIGHT_INLINE void Hub::emit_many(const DraftSource& source, BatchReceipt& receipt, const ScopeHandle* scope) {
    ThreadSlot& slot = ThreadSlot::current();
    const bool ended = scope != nullptr && scope->ended.load(std::memory_order_acquire);
    if (ended || !accepts_from(slot.top)) [[unlikely]] {
        refused_closed_.add(slot, hub_emit_many::count_of(source));
        return;
    }
    if (nesting_depth(slot) >= options_.max_depth) [[unlikely]] {
        refused_too_deep_.add(slot, hub_emit_many::count_of(source));
        receipt.outcome = Outcome::too_deep;
        return;
    }
    Frame frame(slot, *this);
    Batch batch(*this, frame, source.expected, scope != nullptr ? scope->entry.get() : nullptr);
    source.give_to(batch);
    batch.run(receipt);
}

HINDSIGHT_INLINE void emit_many(Hub& hub, const DraftSource& source, BatchReceipt& receipt) {
    hub.emit_many(source, receipt);
}

}  // namespace hindsight::detail
