// Loss: what is known of the records that have left a part of history, for those who ask what history was like before,
// or from which seq on it is complete.
//
// A moment is a seq: the time from when that event got it until the next one did. Rings lose their records in seq
// order, each to a newer one, so what they have lost can be told from what they still hold, which keeps it off the path
// of an emit; buckets note what they have replaced last. Only the other ways out of history are noted here (see
// RetentionRule). impl/detail/losses.hpp has them all.
#pragma once

#include <hindsight/types.hpp>

#include <algorithm>

namespace hindsight::detail {

struct Loss {
    Seq up_to = 0;       ///< none of the records that have left has a larger seq; 0: none has left
    Seq last_there = 0;  ///< the last moment at which one of them was still there

    void add(Seq seq, Seq moment) noexcept {
        up_to = std::max(up_to, seq);
        last_there = std::max(last_there, moment);
    }
    void add(const Loss& other) noexcept { add(other.up_to, other.last_there); }
    /// Whether records that were there at this moment may have left.
    bool concerns(Seq moment) const noexcept { return up_to != 0 && last_there >= moment; }
};

}  // namespace hindsight::detail
