// The number by which the system knows the calling thread: the one that debuggers and profilers show.
#pragma once

#include <hindsight/detail/api.hpp>

#include <cstdint>

namespace hindsight::detail {

HINDSIGHT_API std::uint64_t native_thread_id() noexcept;

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/native_thread.ipp>
#endif
