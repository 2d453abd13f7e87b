// How the hub calls one handler, with a record or with the bare event.
#pragma once

#include <hindsight/detail/hub.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace hindsight::detail {

template <class Invoke, class GetRecord>
std::exception_ptr Hub::call(Frame& frame, Node& node, std::uint32_t& calls, Invoke invoke, GetRecord record) noexcept {
    std::shared_ptr<const void> receiver;  // kept alive for as long as its member function runs
    if (node.receiver) [[unlikely]] {
        receiver = node.receiver->lock();
        if (!receiver) {
            close(node);
            return nullptr;
        }
    }
    bool is_last = false;
    if (node.max_deliveries > 0) [[unlikely]] {
        const std::uint64_t claimed = node.claims.fetch_add(1, std::memory_order_relaxed) + 1;
        if (claimed > node.max_deliveries) return nullptr;
        is_last = claimed == node.max_deliveries;
    }
    ++calls;
    std::exception_ptr error;
    try {
        invoke();
    } catch (...) {
        error = std::current_exception();
    }
    node.delivered.add(frame.slot);
    delivered_.add(frame.slot);
    if (error) [[unlikely]] {
        try {
            report(node, record(), error);
        } catch (...) {
            report(node, Record(), error);
        }
    }
    if (is_last) [[unlikely]] close(node);
    return error;
}

}  // namespace hindsight::detail
