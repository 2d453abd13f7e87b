// ObserverDraft: what `attach` tells the compiled core of an observer.
#pragma once

#include <memory>
#include <optional>
#include <typeinfo>
#include <vector>

namespace hindsight {
class Record;
}

namespace hindsight::detail {

struct EventType;
struct ScopeEntry;

/// How an observer takes the events of one type.
struct Overload {
    const EventType* type;  // null: of every event
    void (*call)(void* observer, const Record& record);
};

/// An observer as `attach` is given it.
struct ObserverDraft {
    void* object;
    const std::type_info* as;  // the class it is attached as
    std::optional<std::weak_ptr<const void>> tracked;
    std::vector<Overload> overloads;
    ScopeEntry* scope = nullptr;  // null: the bus itself
};

}  // namespace hindsight::detail
