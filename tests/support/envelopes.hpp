// Makes the inner form of events, for tests of the parts that handle it.
#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/event.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/options.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace hindsight::test {

template <class E>
detail::EnvelopePtr envelope_of(E&& event, Seq seq, const EmitOptions& options = {}, bool with_payload = true) {
    detail::EnvelopePtr made = detail::with_draft(std::forward<E>(event), options, [&](const detail::Draft& draft) {
        detail::check(draft);
        detail::EnvelopePtr whole =
            detail::make_envelope(draft, {.correlation = options.correlation}, detail::ThreadSlot::current());
        return with_payload ? whole : detail::make_without_payload(*whole);
    });
    made->seq = seq;
    return made;
}

inline detail::EnvelopePtr envelope_named(std::string_view name, Seq seq, std::string_view key = {}) {
    return envelope_of(NamedEvent{std::string(name)}, seq, {.key = key});
}

}  // namespace hindsight::test
