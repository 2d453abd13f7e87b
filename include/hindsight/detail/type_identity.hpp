// TypeIdentity: what a bus keeps of an event type to know it again.
#pragma once

#include <hindsight/detail/event_type.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hindsight::detail {

/// What tells an event type from all others, copied: it outlives the shared library that the type came from.
struct TypeIdentity {
    explicit TypeIdentity(const EventType& type)
        : type_name(type.info->name()), size(type.size), alignment(type.alignment), identity(type.identity),
          address(type.unnamed_namespace ? &type : nullptr) {}

    bool is(const EventType& type) const noexcept {
        if (identity != type.identity) return false;
        if (known_.load(std::memory_order_relaxed) == &type) return true;
        const bool same = is_really(type);
        if (same) known_.store(&type, std::memory_order_relaxed);
        return same;
    }

    std::string type_name;
    std::size_t size, alignment;
    std::uint64_t identity;
    const EventType* address;

private:
    bool is_really(const EventType& type) const noexcept {
        return address == (type.unnamed_namespace ? &type : nullptr) && size == type.size &&
               alignment == type.alignment && type_name == type.info->name();
    }

    mutable std::atomic<const EventType*> known_{nullptr};  // the last description that was found to be of this type
};

}  // namespace hindsight::detail
