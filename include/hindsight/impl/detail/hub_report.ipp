#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/one_line.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/error_text.hpp>

#include <bit>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE std::string Hub::label_of(const Node& node) {
    return node.name.empty() ? std::string("#").append(std::to_string(node.id)) : node.name;
}

HINDSIGHT_INLINE void Hub::report(Node& node, const Record& record, std::exception_ptr error) noexcept {
    ThreadSlot& slot = ThreadSlot::current();
    node.failed.add(slot);
    failed_.add(slot);
    const bool one_too_many = note_failure(node, record, error);
    try {
        const HandlerError failure{label_of(node), record, std::move(error)};
        const bool recursive = record && record.envelope()->has(Envelope::below_error);
        if (!recursive) tell(failure, std::to_string(node.id) + ":" + failure.handler, record);
        tell_error_handler(node, failure);
        if (one_too_many) tell_of_quarantine(node, record);
    } catch (const std::bad_alloc&) {
        // There is no memory to tell with: the failure is counted.
    }
}

template <class E>
void Hub::tell(E&& event, std::string_view key, const Record& about) noexcept {
    try {
        const std::string_view correlation = about.correlation();
        with_draft(std::forward<E>(event), EmitOptions{.key = key, .correlation = correlation, .cause = about.seq()},
                   [this](const Draft& draft) {
                       Receipt receipt;
                       detail::emit(*this, draft, receipt);
                   });
    } catch (...) {
        // Out of memory; or ErrorPolicy::rethrow, for a handler of this event, whose own failure has been told.
    }
}

HINDSIGHT_INLINE void Hub::count_discarded(Node& node, const Record& record) noexcept {
    // A thread may have none, where there was no memory for its first delivery.
    if (const ThreadSlot* const slot = ThreadSlot::current_or_null()) {
        node.discarded.add(*slot);
        discarded_.add(*slot);
    } else {
        node.discarded.add_shared();
        discarded_.add_shared();
    }
    if (!tells_of_discarded_.load(std::memory_order_acquire) || state_.load() != State::closed) return;
    try {
        const auto why = std::make_exception_ptr(Closed("not delivered: the bus ended before the handler came to it"));
        tell_error_handler(node, HandlerError{label_of(node), record, why});
    } catch (const std::bad_alloc&) {
        // It is counted all the same.
    }
}

HINDSIGHT_INLINE void Hub::tell_error_handler(Node& node, const HandlerError& failure) noexcept {
    tell_error_handler(failure, node.pattern->text(), node.reported);
}

HINDSIGHT_INLINE void Hub::tell_error_handler(const HandlerError& failure, std::string_view of,
                                              std::atomic<std::uint64_t>& told) noexcept {
    try {
        if (options_.on_error) {
            options_.on_error(failure);
            return;
        }
        const std::uint64_t times = told.fetch_add(1, std::memory_order_relaxed) + 1;
        if (!std::has_single_bit(times)) return;
        std::string line;
        append_on_one_line(line, "hindsight: handler " + failure.handler + " of \"" + std::string(of) + "\" failed (" +
                                     std::to_string(times) + (times == 1 ? " time): " : " times): ") +
                                     text_of(failure.error));
        line += '\n';
        std::fputs(line.c_str(), stderr);
    } catch (...) {
        // The error handler itself threw: there is nobody left to tell.
    }
}

}  // namespace hindsight::detail
