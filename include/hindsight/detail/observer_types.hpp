// ObserverTypes: which events an observer's one subscription is for, and which of its overloads takes them. Grows and
// shrinks while it is connected, with each attachment and its end.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/observer_draft.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/type_identity.hpp>
#include <hindsight/record.hpp>

#include <cstddef>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace hindsight::detail {

/// One call of `attach`: what the node of its handle has of it. The observer's own node is shared by all of these.
struct Attachment {
    NodePtr observer;
    std::vector<Overload> overloads;
};

/// Thread-safe. Its mutex is taken last of all; no user code runs under it.
class HINDSIGHT_API ObserverTypes {
public:
    ObserverTypes(void* object, const std::type_info& as) noexcept : object_(object), as_(&as) {}

    bool is_of(const void* object, const std::type_info& as) const noexcept { return object_ == object && *as_ == as; }
    bool is_like(const ObserverTypes& other) const noexcept { return is_of(other.object_, *other.as_); }

    /// One more attachment. Throws std::bad_alloc, changing nothing.
    void add(std::span<const Overload> overloads);
    /// One less; whether it was the last. What still waits of its types has its overloads nevertheless.
    bool remove(std::span<const Overload> overloads) noexcept;
    bool is_attached() const noexcept;
    /// Those of the attachments there are. Throws std::bad_alloc.
    std::vector<Overload> overloads() const;

    /// Whether events of this name and type are for it.
    bool takes(std::string_view name, const TypeIdentity& type) const noexcept;
    bool takes(const Envelope& envelope) const noexcept;
    bool takes(const EventType& type) const noexcept;
    /// Whether some event of this name may be for it.
    bool takes(std::string_view name) const noexcept;
    /// The type as which it takes dynamic events of the name; null: it does not, or takes them as they are.
    const EventType* converted(std::string_view name) const noexcept;
    bool takes_everything() const noexcept;
    /// Whether events of this name are, or have been, for it.
    bool concerns(std::string_view name) const noexcept;
    /// The one name that it is for, or "*".
    std::string pattern() const;

    /// Calls the overload for the record. Throws what that throws.
    void call(const Record& record) const;

private:
    using Call = void (*)(void* observer, const Record& record);

    /// The overloads of the attachments that there are now, each of which may come from a shared library of its own.
    struct Attached {
        bool any() const noexcept { return !overloads.empty(); }
        void add(const Overload& overload) noexcept;
        void remove(const Overload& overload) noexcept;

        std::vector<Overload> overloads;
        Call call = nullptr;  // the newest one
    };
    struct Entry : Attached {
        explicit Entry(const EventType& type) : name(type.name), self_named(type.self_named), identity(type) {}
        const EventType& type() const noexcept { return *overloads.back().type; }

        const std::string name;
        const bool self_named;
        const TypeIdentity identity;
    };

    Attached* find_locked(const Overload& overload) noexcept HINDSIGHT_REQUIRES(mutex_);
    Entry* find_locked(const EventType& type) const noexcept HINDSIGHT_REQUIRES_SHARED(mutex_);

    void* const object_;
    const std::type_info* const as_;

    mutable std::shared_mutex mutex_;
    std::vector<std::unique_ptr<Entry>>
        entries_ HINDSIGHT_GUARDED_BY(mutex_);  // of all types that it has ever been attached to
    Attached to_all_ HINDSIGHT_GUARDED_BY(mutex_);
    std::size_t attachments_ HINDSIGHT_GUARDED_BY(mutex_) = 0;
};

/// Whether the node is alive and of this observer. Under the registry's mutex.
bool is_node_of(const Node& node, const ObserverDraft& observer) noexcept;
/// The same for the observer of another node.
bool is_node_of_same(const Node& node, const Node& other) noexcept;

/// Whether events of this name may be for the node.
bool is_for(const Node& node, std::string_view event_name) noexcept;

/// A node that calls the observer. Throws std::bad_alloc.
NodePtr make_observer_node(const ObserverDraft& observer);

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/observer_types.ipp>
#endif
