// The fence pair of "I publish what I am about to use" against "I took it away; is anyone still using it?".
//
// Many threads publish often (each call of a handler); few take away (a disconnect, a retired snapshot). The publisher
// stores its cell and then reads a flag; the remover stores the flag and then scans the cells. One of the two must see
// the other's store, which takes a full fence on each side. This is the portable pair: a sequentially consistent
// exchange for the publisher, and nothing more than the remover's own sequentially consistent accesses. All flags and
// cells involved are read with `fenced_load`, so that all these accesses have one total order.
//
// A platform with an asymmetric fence (membarrier) can move the publisher's cost to the remover behind these functions.
#pragma once

#include <atomic>

namespace hindsight::detail {

/// The publisher's store: ordered before its later `fenced_load`s.
template <class T>
void publish(std::atomic<T>& cell, T value) noexcept {
    cell.exchange(value, std::memory_order_seq_cst);
}

template <class T>
T fenced_load(const std::atomic<T>& cell) noexcept {
    return cell.load(std::memory_order_seq_cst);
}

/// The remover's fence, between taking away (a sequentially consistent store) and scanning with `fenced_load`.
inline void heavy_fence() noexcept {}

}  // namespace hindsight::detail
