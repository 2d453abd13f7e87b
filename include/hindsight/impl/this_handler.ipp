#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/bare_event.hpp>
#include <hindsight/this_handler.hpp>

namespace hindsight {

namespace detail {

inline Frame* innermost_handler() noexcept {
    Frame* frame = ThreadSlot::current().top;
    while (frame != nullptr && !frame->is_in_handler()) frame = frame->outer;
    return frame;
}

}  // namespace detail

HINDSIGHT_INLINE const Record* this_handler::record() noexcept {
    detail::Frame* const frame = detail::innermost_handler();
    if (frame == nullptr || frame->makes_record) return nullptr;
    if (const detail::Node* const node = frame->node(); node != nullptr && node->intercept != nullptr) return nullptr;
    if (frame->record != nullptr) return *frame->record ? frame->record : nullptr;
    try {
        return &detail::record_of_bare(*frame);
    } catch (...) {
        return nullptr;
    }
}

HINDSIGHT_INLINE void this_handler::disconnect() noexcept {
    const detail::Frame* const frame = detail::innermost_handler();
    detail::Node* const node = frame != nullptr ? frame->node() : nullptr;
    if (node == nullptr) return;
    if (const auto owner = node->owner.lock()) owner->unregister(*node);
    detail::quiesce_later(*node);
}

HINDSIGHT_INLINE Reread this_handler::reread(const Lagged& hole) {
    const detail::Frame* const frame = detail::innermost_handler();
    detail::Node* const node = frame != nullptr ? frame->node() : nullptr;
    if (node == nullptr) throw InvalidArgument("this_handler::reread is for handlers, such as on_lagged");
    const auto owner = node->owner.lock();
    if (!owner) throw Closed("this_handler::reread: the bus is gone");
    return owner->reread(*node, hole);
}

}  // namespace hindsight
