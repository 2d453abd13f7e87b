// Prefetch: brings memory that will soon be used to this processor while it does something else. Hints: nothing else
// depends on them, and any address will do.
#pragma once

#include <hindsight/detail/api.hpp>

#include <cstddef>

namespace hindsight::detail {

inline constexpr std::size_t cache_line = 64;

HINDSIGHT_ALWAYS_INLINE void prefetch([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#endif
}

/// For memory that another processor may have written last: to own it takes another round trip than to read it.
HINDSIGHT_ALWAYS_INLINE void prefetch_for_writing([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
    // Compilers take the instruction for an extension; all x86-64 processors either have it or ignore it.
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#elif defined(__GNUC__)
    __builtin_prefetch(address, 1);
#endif
}

}  // namespace hindsight::detail
