// Spinning: waiting for what is almost there, without giving up the processor.
#pragma once

namespace hindsight::detail {

/// Tells the processor that this thread spins.
inline void spin_pause() noexcept {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
    __builtin_ia32_pause();
#elif defined(__GNUC__) && defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace hindsight::detail
