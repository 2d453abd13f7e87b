// Replay: what of the past a new subscription is given, before the present.
#pragma once

#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>

namespace hindsight {

/// Which of the events that history keeps, and that a subscription is for, its handler gets before those to come; see
/// SubscribeOptions::replay. What history has not kept cannot be replayed.
class Replay {
public:
    /// The newest `count` of those that the subscription's filter passes.
    static constexpr Replay last(std::size_t count) noexcept { return {Kind::last, count, 0, {}}; }
    /// Those with this seq or a later one: to go on after an event, give the next seq. A seq that is still to come
    /// replays nothing, and leaves nothing of the present out.
    static constexpr Replay from_seq(Seq first) noexcept { return {Kind::from_seq, 0, first, {}}; }
    /// Those of this time or a later one, by `Record::time`.
    static constexpr Replay since(TimePoint time) noexcept { return {Kind::since, 0, 0, time}; }
    /// The newest one of each name and key that the subscription's filter passes.
    static constexpr Replay last_per_key() noexcept { return {Kind::last_per_key, 0, 0, {}}; }

    enum class Kind : std::uint8_t { last, from_seq, since, last_per_key };
    constexpr Kind kind() const noexcept { return kind_; }
    constexpr std::size_t count() const noexcept { return count_; }        ///< of `last`
    constexpr Seq first() const noexcept { return first_; }                ///< of `from_seq`
    constexpr TimePoint beginning() const noexcept { return beginning_; }  ///< of `since`

private:
    constexpr Replay(Kind kind, std::size_t count, Seq first, TimePoint beginning) noexcept
        : kind_(kind), count_(count), first_(first), beginning_(beginning) {}

    Kind kind_;
    std::size_t count_;
    Seq first_;
    TimePoint beginning_;
};

}  // namespace hindsight
