#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/scope_entry.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/hub_emit.ipp>

#include <memory>
#include <optional>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE std::shared_ptr<ScopeHandle> Hub::open_scope(std::optional<std::string_view> name,
                                                              const ScopeHandle* made_in) {
    if (state_.load(std::memory_order_acquire) != State::open) throw Closed("scope: this bus is shut down");
    auto handle = std::make_shared<ScopeHandle>();
    handle->hub = weak_from_this();
    registry_.open_scope(*handle, name, made_in);
    return handle;
}

HINDSIGHT_INLINE void Hub::end_scope(ScopeHandle& handle) noexcept {
    std::shared_ptr<ScopeEntry> scope = registry_.end_scope(handle);
    for (; scope; scope = std::exchange(scope->ended_before, nullptr)) {
        if (Timetable* const table = timetable_.load(std::memory_order_acquire)) table->forget(*scope->name);
        while (const NodePtr node = registry_.any_node_in(*scope)) {
            unregister(*node);
            quiesce(*node);
        }
    }
}

HINDSIGHT_INLINE void Hub::emit_in(const ScopeHandle& scope, const Draft& draft, Receipt& receipt) {
    if (scope.ended.load(std::memory_order_acquire)) [[unlikely]] {
        refused_closed_.add(ThreadSlot::current());
        return;
    }
    emit_to_topic(scope.entry->topics_by_type.find(draft.type), draft, receipt);
}

}  // namespace hindsight::detail
