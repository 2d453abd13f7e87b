// Conversion: how a dynamic event (one that has its name and data at run time only) is read as an event of the type
// that has the name. Optional headers make them, for types that the user tells them; the core only runs them.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/event_type.hpp>

namespace hindsight::detail {

struct Conversion {
    const EventType* from = nullptr;  ///< null: there is none
    const EventType* to = nullptr;
    /// Makes a `to` of the `from`. Throws ConversionFailed where it does not convert, and what user code throws.
    void (*construct)(void* where, const void* event) = nullptr;

    explicit operator bool() const noexcept { return from != nullptr; }
};

class Hub;

/// Hub::set_conversion, as a function that headers can call without knowing Hub.
HINDSIGHT_API void set_conversion(Hub& hub, const Conversion& conversion);

}  // namespace hindsight::detail
