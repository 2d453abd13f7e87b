// DraftSource: the events of a range, of whatever kind, as the compiled core takes them: one draft after the other.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/options.hpp>

#include <cstddef>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

namespace hindsight {
struct BatchReceipt;
}

namespace hindsight::detail {

/// Takes a draft, which lives for the call.
struct DraftTaker {
    virtual void take(const Draft& draft) = 0;

protected:
    ~DraftTaker() = default;
};

struct DraftSource {
    /// Hands out each event. Throws what the range, the events' functions and the taker throw.
    virtual void give_to(DraftTaker& taker) const = 0;

    std::size_t expected = 0;  // how many there are; 0: the range does not say

protected:
    ~DraftSource() = default;
};

/// What the range itself gives away (`std::move(vector)`, or values made on the way) is moved from; the rest is copied.
template <class R>
struct RangeDrafts final : DraftSource {
    static constexpr bool owns = !std::is_lvalue_reference_v<R> && !std::is_const_v<std::remove_reference_t<R>> &&
                                 !std::ranges::view<std::remove_cvref_t<R>> && !std::ranges::borrowed_range<R>;

    RangeDrafts(std::remove_reference_t<R>& range, const EmitOptions& options) : range_(range), options_(options) {
        if constexpr (std::ranges::sized_range<R>) expected = static_cast<std::size_t>(std::ranges::size(range));
    }

    void give_to(DraftTaker& taker) const override {
        const auto take = [&](const Draft& draft) { taker.take(draft); };
        for (auto&& each : range_) {
            if constexpr (owns) {
                with_draft(std::move(each), options_, take);
            } else {
                with_draft(std::forward<decltype(each)>(each), options_, take);
            }
        }
    }

private:
    std::remove_reference_t<R>& range_;
    const EmitOptions& options_;
};

class Hub;

/// Hub::emit_many, as a function that headers can call without knowing Hub. Fills an empty receipt.
HINDSIGHT_API void emit_many(Hub& hub, const DraftSource& source, BatchReceipt& receipt);

}  // namespace hindsight::detail
