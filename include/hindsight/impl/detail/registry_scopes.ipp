#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/registry.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/subscription_signal.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hindsight::detail {

namespace registry_scopes {

inline void require_scope_name(std::string_view name) {
    require_valid_name(name);
    if (is_library_name(name)) {
        throw InvalidName("\"" + std::string(name) + "\": names that begin with \"hindsight\" are the library's");
    }
}

}  // namespace registry_scopes

HINDSIGHT_INLINE void Registry::open_scope(ScopeHandle& handle, std::optional<std::string_view> name,
                                           const ScopeHandle* made_in) {
    std::string full;
    if (made_in != nullptr) full = *made_in->entry->name + '.';
    if (name) {
        require_valid_name(*name);
        registry_scopes::require_scope_name(full += *name);
    }

    const std::lock_guard lock(mutex_);
    if (made_in != nullptr && made_in->ended) {
        throw Closed("scope: the scope \"" + *made_in->entry->name + "\" has ended");
    }
    if (!name) registry_scopes::require_scope_name(full = unused_scope_name_locked(full));
    std::shared_ptr<ScopeEntry> entry;
    const auto found = scopes_.find(full);
    if (found != scopes_.end()) {
        entry = found->second;
    } else {
        if (name_count_ >= max_names_) {
            throw LimitReached("scope: \"" + full + "\" would be one more than max_names allows: " +
                               std::to_string(max_names_) + " names and scopes");
        }
        entry = std::make_shared<ScopeEntry>(std::make_shared<const std::string>(full),
                                             std::make_shared<SubscriptionSignal>());
    }
    if (made_in != nullptr) made_in->entry->nested.insert(&handle);
    if (found == scopes_.end()) {
        try {
            scopes_.emplace(std::move(full), entry);
        } catch (...) {
            if (made_in != nullptr) made_in->entry->nested.erase(&handle);
            throw;
        }
        ++name_count_;
    }
    ++entry->handles;
    if (made_in != nullptr) handle.made_in = made_in->entry;
    handle.entry = std::move(entry);
}

HINDSIGHT_INLINE std::string Registry::unused_scope_name_locked(std::string_view beginning) {
    for (;;) {
        std::string name = std::string(beginning) + "scope-" + std::to_string(++last_unnamed_scope_);
        if (!scopes_.contains(name)) return name;
    }
}

HINDSIGHT_INLINE std::shared_ptr<ScopeEntry> Registry::end_scope(ScopeHandle& handle) noexcept {
    std::shared_ptr<ScopeEntry> ended;
    const std::lock_guard lock(mutex_);
    end_handle_locked(handle, ended);
    return ended;
}

// Recursive: a name has 128 segments at most.
// NOLINTNEXTLINE(misc-no-recursion)
HINDSIGHT_INLINE void Registry::end_handle_locked(ScopeHandle& handle, std::shared_ptr<ScopeEntry>& ended) noexcept {
    if (handle.ended.exchange(true)) return;
    if (handle.made_in) handle.made_in->nested.erase(&handle);
    ScopeEntry& entry = *handle.entry;
    if (--entry.handles > 0) return;
    entry.ended = true;
    while (!entry.nested.empty()) end_handle_locked(**entry.nested.begin(), ended);
    name_count_ -= entry.names.size() + 1;
    scopes_.erase(*entry.name);
    entry.ended_before = std::exchange(ended, handle.entry);
}

HINDSIGHT_INLINE std::shared_ptr<ScopeEntry> Registry::find_scope(std::string_view name) const noexcept {
    const std::shared_lock lock(mutex_);
    const auto found = scopes_.find(name);
    return found != scopes_.end() ? found->second : nullptr;
}

HINDSIGHT_INLINE NodePtr Registry::any_node_in(const ScopeEntry& scope) const noexcept {
    const std::shared_lock lock(mutex_);
    return scope.nodes.empty() ? NodePtr() : NodePtr::share(**scope.nodes.begin());
}

}  // namespace hindsight::detail
