#pragma once

#include <hindsight/detail/fence.hpp>

#if !defined(HINDSIGHT_PORTABLE_FENCE)

#    include <linux/membarrier.h>
#    include <sys/syscall.h>
#    include <unistd.h>

#    include <cstdio>
#    include <cstdlib>

namespace hindsight::detail {

HINDSIGHT_INLINE constinit bool asymmetric_fence = false;

namespace fence {

inline bool membarrier(int command) noexcept {
    return ::syscall(__NR_membarrier, command, 0, 0) == 0;
}

}  // namespace fence

HINDSIGHT_INLINE void choose_fence() noexcept {
    // Once, before there is a second thread that could have a ThreadSlot. NOLINTNEXTLINE(concurrency-mt-unsafe)
    asymmetric_fence = std::getenv("HINDSIGHT_PORTABLE_FENCE") == nullptr &&
                       fence::membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
                       fence::membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

HINDSIGHT_INLINE void heavy_fence() noexcept {
    if (!asymmetric_fence || fence::membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return;
    // A forked child may have to register again.
    if (fence::membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
        fence::membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
        return;
    }
    std::fputs("hindsight: membarrier stopped working; going on would be unsafe\n", stderr);
    std::abort();
}

}  // namespace hindsight::detail

#endif
