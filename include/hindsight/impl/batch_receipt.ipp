#pragma once

#include <hindsight/batch_receipt.hpp>
#include <hindsight/detail/parking.hpp>

#include <algorithm>
#include <chrono>

namespace hindsight {

HINDSIGHT_INLINE void BatchReceipt::wait() const {
    wait_for(Duration::max());
}

HINDSIGHT_INLINE bool BatchReceipt::wait_for(Duration timeout) const {
    const detail::Deadline deadline = detail::deadline_after(timeout);
    // The last one first: mostly the others are done with by then.
    return std::all_of(waiting.rbegin(), waiting.rend(), [&](const Record& each) {
        Receipt receipt;
        receipt.envelope = each.envelope();
        if (deadline == detail::Deadline::max()) return receipt.wait_for(Duration::max());
        const auto left = deadline - std::chrono::steady_clock::now();
        return receipt.wait_for(std::max(Duration::zero(), std::chrono::duration_cast<Duration>(left)));
    });
}

}  // namespace hindsight
