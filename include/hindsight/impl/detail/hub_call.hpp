// How the hub calls one handler, with a record or with the bare event.
#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/observed_run.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace hindsight::detail {

template <class Invoke, class GetRecord>
[[gnu::noinline]] void Hub::call_limited(Frame& frame, Node& node, Calls& calls, Invoke invoke,
                                         GetRecord record) noexcept {
    if (node.has(Node::quarantined)) {  // since it was put into the mailbox, or looked at
        if (!frame.queued) node.skipped_paused.add(frame.slot);
        return;
    }
    std::shared_ptr<const void> receiver;  // kept alive for as long as its member function runs
    if (node.receiver) {
        receiver = node.receiver->lock();
        if (!receiver) return close(node);
    }
    if (node.max_deliveries == 0) return call_observed(frame, node, calls, invoke, record);
    const std::uint64_t claimed = node.claims.fetch_add(1, std::memory_order_relaxed) + 1;
    if (claimed > node.max_deliveries) return;
    call_observed(frame, node, calls, invoke, record);
    if (claimed == node.max_deliveries) close(node);
}

template <class Invoke, class GetRecord>
void Hub::call_observed(Frame& frame, Node& node, Calls& calls, Invoke invoke, GetRecord record) noexcept {
    if (!node.has(Node::observed)) return call_unlimited(frame, node, calls, invoke, record);
    const auto invoke_observed = [&] {
        ObservedRun run(*this, frame, node);
        invoke();
        run.succeeded();
    };
    call_unlimited(frame, node, calls, invoke_observed, record);
}

template <class Invoke, class GetRecord>
HINDSIGHT_ALWAYS_INLINE void Hub::call_unlimited(Frame& frame, Node& node, Calls& calls, Invoke invoke,
                                                 GetRecord record) noexcept {
    ++calls.count;
    (frame.queued ? node.mailbox->delivered : node.delivered).add(frame.slot);
    try {
        invoke();
    } catch (...) {
        report_current(node, calls, record);
    }
}

template <class GetRecord>
[[gnu::cold, gnu::noinline]] void Hub::report_current(Node& node, Calls& calls, GetRecord record) noexcept {
    const std::exception_ptr error = std::current_exception();
    try {
        report(node, record(), error);
    } catch (...) {
        report(node, Record(), error);  // there is no memory for its record
    }
    if (calls.failures != nullptr) calls.failures->push_back(error);
}

inline void Hub::call(Frame& frame, Node& node, const Record& record, Calls& calls) noexcept {
    const auto invoke = [&] { node.invoke(node, record); };
    const auto get_record = [&]() -> const Record& { return record; };
    frame.record = &record;
    if (node.has(Node::limited | Node::observed)) [[unlikely]] {
        call_limited(frame, node, calls, invoke, get_record);
    } else {
        call_unlimited(frame, node, calls, invoke, get_record);
    }
    frame.record = nullptr;
}

inline void Hub::call_direct(Running& running, Frame& frame, Node& node, const Record& record, Calls& calls) noexcept {
    const std::uint32_t flags = running.move_to(node);
    if ((flags & (Node::dead | Node::skipping)) != 0) [[unlikely]] {
        if ((flags & Node::dead) != 0) return;
        if (!goes_on(node)) return node.skipped_paused.add(frame.slot);
    }
    call(frame, node, record, calls);
}

}  // namespace hindsight::detail
