// What the bus and its scopes do alike when something is connected.
#pragma once

#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/pattern.hpp>

#include <memory>
#include <utility>

namespace hindsight::detail {

/// The pattern, or for null one of all events of the type. Types whose events name themselves have all names, and so
/// have bases.
inline Pattern taken_or_of(Pattern* pattern, const EventType* type) {
    return pattern != nullptr ? std::move(*pattern) : Pattern(type->self_named || type->is_base ? "*" : type->name);
}

/// The node of an inbox, for this thread to read.
inline NodePtr make_inbox_node(Hub& hub) {
    NodePtr node = Node::make([](const Record&) {});  // which is never called
    node->readers = std::make_unique<Readers>(!hub.ledger().mutex.enabled());
    node->readers->read_by(ThreadSlot::current());
    return node;
}

}  // namespace hindsight::detail
