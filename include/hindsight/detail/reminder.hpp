// Reminder: when to look at a subscription that holds an event back (see hold_back.hpp), as a timetable keeps it.
//
// The timetable has no reference to the node: one that ends is taken out first (`Timetable::forget`). A reminder moves
// between subscription and timetable as a node of a set, so that nothing after `subscribe` needs memory for it.
#pragma once

#include <hindsight/types.hpp>

#include <functional>
#include <set>

namespace hindsight::detail {

struct Node;

struct Reminder {
    TimePoint due{};
    Node* node = nullptr;
    bool operator<(const Reminder& other) const noexcept {
        return due != other.due ? due < other.due : std::less<>()(node, other.node);
    }
};

using Reminders = std::set<Reminder>;

}  // namespace hindsight::detail
