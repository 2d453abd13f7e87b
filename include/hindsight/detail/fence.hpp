// The fence pair of "I publish what I am about to use" against "I took it away; is anyone still using it?".
//
// Many threads publish often (each call of a handler); few take away (a disconnect, a retired snapshot). The publisher
// stores its cell and then reads a flag; the remover stores the flag and then scans the cells. One of the two must see
// the other's store, which takes a full fence on each side. All flags and cells involved are read with `fenced_load`.
//
// Portable: the publisher's store is a sequentially consistent exchange, the remover's accesses are sequentially
// consistent too, so all of them have one total order, and nothing more is needed.
// Asymmetric, where the system has it (Linux's membarrier): the publisher's store is a plain release store that the
// compiler keeps before the load; the remover makes every running thread of the process execute a full fence. Where
// that fence falls before the publisher's store, its later load sees the flag; where it falls after, the scan sees the
// cell. Which of the two is decided once, before the first thread gets a ThreadSlot, without which nobody publishes or
// removes. The thread sanitizer does not understand the asymmetric pair, so it gets the portable one.
#pragma once

#include <hindsight/detail/api.hpp>

#include <atomic>

#if !defined(HINDSIGHT_PORTABLE_FENCE)
#    if !defined(__linux__) || defined(__SANITIZE_THREAD__)
#        define HINDSIGHT_PORTABLE_FENCE
#    elif defined(__has_feature)
#        if __has_feature(thread_sanitizer)
#            define HINDSIGHT_PORTABLE_FENCE
#        endif
#    endif
#endif

namespace hindsight::detail {

#if defined(HINDSIGHT_PORTABLE_FENCE)

inline constexpr bool asymmetric_fence = false;
inline void choose_fence() noexcept {}
inline void heavy_fence() noexcept {}

#else

HINDSIGHT_API extern constinit bool asymmetric_fence;

/// Finds out what the system has. Called once, by the maker of ThreadSlots. The environment variable
/// HINDSIGHT_PORTABLE_FENCE, if set, chooses the portable pair.
HINDSIGHT_API void choose_fence() noexcept;

/// The remover's fence, between taking away (a sequentially consistent store) and scanning with `fenced_load`.
HINDSIGHT_API void heavy_fence() noexcept;

#endif

/// The publisher's store: ordered before its later `fenced_load`s. `asymmetric`: for loops that have looked at
/// `asymmetric_fence` before.
template <class T>
HINDSIGHT_ALWAYS_INLINE void publish(std::atomic<T>& cell, T value, bool asymmetric = asymmetric_fence) noexcept {
    if (asymmetric) [[likely]] {
        cell.store(value, std::memory_order_release);
        std::atomic_signal_fence(std::memory_order_seq_cst);
    } else {
        cell.exchange(value, std::memory_order_seq_cst);
    }
}

template <class T>
T fenced_load(const std::atomic<T>& cell) noexcept {
    return cell.load(std::memory_order_seq_cst);
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/fence.ipp>
#endif
