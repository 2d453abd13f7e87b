// Where envelopes get their memory, and give it back.
#pragma once

#include <hindsight/detail/envelope.hpp>

#include <cstddef>
#include <new>

namespace hindsight::detail {

namespace envelope {

inline std::align_val_t alignment_of(const EventType& type) noexcept {
    return std::align_val_t{type.alignment > alignof(Envelope) ? type.alignment : alignof(Envelope)};
}

/// Throws std::bad_alloc.
inline void* allocate(const EventType& type, std::size_t size) {
    return ::operator new(size, alignment_of(type));
}

inline void free(Envelope* envelope, const EventType& type) noexcept {
    envelope->~Envelope();
    ::operator delete(envelope, alignment_of(type));
}

}  // namespace envelope

}  // namespace hindsight::detail
