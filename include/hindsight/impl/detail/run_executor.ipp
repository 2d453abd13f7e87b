#pragma once

#include <hindsight/detail/run_executor.hpp>

namespace hindsight::detail {

HINDSIGHT_INLINE boost::asio::execution_context& run_context() {
    static auto* const context = new boost::asio::execution_context;
    return *context;
}

}  // namespace hindsight::detail
