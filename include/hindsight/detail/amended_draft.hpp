// AmendedDraft: an event on its way in that middleware looks at, and may change or veto.
//
// Lives on the stack of the emitting thread, which alone reads and writes it; nobody else has seen the event yet, so
// there is nothing to synchronise. What was never changed stays where the emitter has it. What was changed is owned
// here, with all texts that it has had, so views of them stay valid until the event is refused or its envelope is made.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/types.hpp>

#include <forward_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight {
struct Clock;
}

namespace hindsight::detail {

class HINDSIGHT_API AmendedDraft {
public:
    using Entry = std::pair<std::string_view, std::string_view>;
    /// Tells `describe` about the payload as it is now.
    using Describe = void (*)(AmendedDraft&);

    /// `stamp`: what it says or inherits. `made`: the event's envelope, where that was made already: nobody else has it
    /// yet, so its payload may be changed. `clock`: null for the system's. Throws std::bad_alloc.
    AmendedDraft(const Draft& given, const Stamp& stamp, Envelope* made, const Clock* clock);
    AmendedDraft(const AmendedDraft&) = delete;
    AmendedDraft& operator=(const AmendedDraft&) = delete;
    /// Destroys the copy of the event, which is user code.
    ~AmendedDraft();

    /// The event as it is now; it may be moved from once.
    const Draft& draft() const noexcept { return draft_; }
    /// Whether it differs from what was given.
    bool changed() const noexcept { return changed_; }
    bool replayed() const noexcept { return replayed_; }

    TimePoint now() const noexcept;
    std::string_view key() const noexcept;
    Severity severity() const noexcept { return options_.severity.value_or(draft_.type.severity); }
    Draft::Metadata metadata() const noexcept { return metadata_; }

    void set_source(std::string_view text) { options_.source = keep(text); }
    void set_key(std::string_view text) { options_.key = keep(text); }
    void set_correlation(std::string_view text) { options_.correlation = keep(text); }
    void set_severity(Severity severity) noexcept;
    void set_metadata(std::string_view name, std::string_view value);
    bool remove_metadata(std::string_view name);

    /// The payload, to be changed: a copy, unless the emitter has given it away. Throws what copying it throws.
    void* editable_event(Describe tell);
    void describe(std::size_t payload_bytes, std::string_view name, std::string_view key);
    /// After a middleware: looks at the payload again, if it may have changed, and checks what the event says. Throws
    /// InvalidArgument and what the event's functions throw.
    void settle();

    /// Throws InvalidArgument for an empty reason.
    void veto(std::string_view reason);
    bool vetoed() const noexcept { return !veto_reason_.empty(); }
    const std::string& veto_reason() const noexcept { return veto_reason_; }

private:
    std::string_view keep(std::string_view text);
    void own_metadata();

    EmitOptions options_;
    Draft::Metadata metadata_;
    Draft::Texts own_;
    Draft draft_;  // of the three above
    const Clock* const clock_;
    std::vector<Entry> own_metadata_;  // once it was changed, or where the event's envelope was made already
    std::forward_list<std::string> texts_;
    void* copy_ = nullptr;  // of the emitter's event
    bool made_ = false;
    bool event_is_own_ = false;
    bool changed_ = false;
    bool replayed_ = false;
    Describe describe_ = nullptr;  // the payload was handed out to be changed
    std::string veto_reason_;
};

template <Event E>
void describe_event(AmendedDraft& draft) {
    const E& event = *static_cast<const E*>(draft.draft().event);
    const std::size_t payload_bytes = event_payload_bytes(event);
    if constexpr (has_event_key<E>) {
        const KeyText key = event_key(event);
        draft.describe(payload_bytes, event_name_of(event), key.view());
    } else {
        draft.describe(payload_bytes, event_name_of(event), {});
    }
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/amended_draft.ipp>
#endif
