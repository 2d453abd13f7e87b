#pragma once

#include <hindsight/clock.hpp>
#include <hindsight/detail/amended_draft.hpp>
#include <hindsight/detail/wall_clock.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <algorithm>
#include <cstdint>
#include <new>

namespace hindsight::detail {

HINDSIGHT_INLINE AmendedDraft::AmendedDraft(const Draft& given, const Stamp& stamp, Envelope* made, const Clock* clock)
    : options_(given.options),
      metadata_(given.metadata()), own_{.name = given.name(), .key = given.key(), .scope = given.scope()},
      draft_{.type = given.type,
             .event = given.event,
             .payload_bytes = given.payload_bytes,
             .options = options_,
             .own = &own_,
             .brief = false,
             .may_move = given.may_move},
      clock_(clock) {
    own_.metadata = &metadata_;
    options_.cause = stamp.cause;
    options_.correlation = stamp.correlation;
    if (made == nullptr) return;
    own_.name = made->name();  // the emitter's event has been moved from
    options_.source = made->source();
    options_.key = made->key();
    options_.severity = made->severity;
    options_.time = made->time;
    own_.key = {};
    own_.scope = made->scope();
    const char* at = made->metadata();
    for (std::uint16_t i = 0; i < made->metadata_count; ++i) {
        own_metadata_.push_back(Envelope::metadata_entry(at));
        at += Envelope::metadata_entry_size(at);
    }
    metadata_ = own_metadata_;
    draft_.event = made->payload();
    draft_.may_move = true;
    made_ = true;
    replayed_ = made->has(Envelope::replayed);
}

HINDSIGHT_INLINE AmendedDraft::~AmendedDraft() {
    if (copy_ == nullptr) return;
    if (draft_.type.destroy != nullptr) draft_.type.destroy(copy_);
    ::operator delete (copy_, std::align_val_t{draft_.type.alignment});
}

HINDSIGHT_INLINE TimePoint AmendedDraft::now() const noexcept {
    return clock_ != nullptr ? clock_->now() : WallClock::now();
}

HINDSIGHT_INLINE std::string_view AmendedDraft::key() const noexcept {
    return draft::key_of(draft_);
}

HINDSIGHT_INLINE std::string_view AmendedDraft::keep(std::string_view text) {
    const std::string_view kept = texts_.emplace_front(text);
    changed_ = true;
    return kept;
}

HINDSIGHT_INLINE void AmendedDraft::set_severity(Severity severity) noexcept {
    options_.severity = severity;
    changed_ = true;
}

HINDSIGHT_INLINE void AmendedDraft::own_metadata() {
    if (metadata_.data() != own_metadata_.data() || own_metadata_.empty()) {
        own_metadata_.assign(metadata_.begin(), metadata_.end());
    }
}

HINDSIGHT_INLINE void AmendedDraft::set_metadata(std::string_view name, std::string_view value) {
    const Entry entry{keep(name), keep(value)};
    own_metadata();
    const auto has_name = [&](const Entry& each) { return each.first == entry.first; };
    const auto first = std::ranges::find_if(own_metadata_, has_name);
    if (first == own_metadata_.end()) {
        own_metadata_.push_back(entry);
    } else {
        *first = entry;
        own_metadata_.erase(std::remove_if(first + 1, own_metadata_.end(), has_name), own_metadata_.end());
    }
    metadata_ = own_metadata_;
}

HINDSIGHT_INLINE bool AmendedDraft::remove_metadata(std::string_view name) {
    const auto has_name = [&](const Entry& each) { return each.first == name; };
    if (std::ranges::none_of(metadata_, has_name)) return false;
    own_metadata();
    std::erase_if(own_metadata_, has_name);
    metadata_ = own_metadata_;
    changed_ = true;
    return true;
}

HINDSIGHT_INLINE void* AmendedDraft::editable_event(Describe tell) {
    if (!event_is_own_) {
        if (made_) {
            // An envelope does not tell whether its key is the event's own, which changes with the event.
            tell(*this);
            if (options_.key == own_.key) options_.key = {};
        }
        // They may be views into the event.
        if (draft_.type.self_named) own_.name = keep(own_.name);
        if (!own_.key.empty()) own_.key = keep(own_.key);
        if (!draft_.may_move) {
            const EventType& type = draft_.type;
            void* const memory = ::operator new (type.size, std::align_val_t{type.alignment});
            try {
                type.copy(memory, draft_.event);
            } catch (...) {
                ::operator delete (memory, std::align_val_t{type.alignment});
                throw;
            }
            copy_ = memory;
            draft_.event = memory;
            draft_.may_move = true;
        }
        event_is_own_ = changed_ = true;
    }
    describe_ = tell;
    return const_cast<void*>(draft_.event);
}

HINDSIGHT_INLINE void AmendedDraft::describe(std::size_t payload_bytes, std::string_view name, std::string_view key) {
    if (draft_.type.self_named && name != own_.name) {
        throw InvalidArgument("middleware: the event \"" + std::string(own_.name) + "\" was renamed to \"" +
                              std::string(name) + "\"; veto it and emit another instead");
    }
    draft_.payload_bytes = payload_bytes;
    if (key != own_.key) own_.key = keep(key);
}

HINDSIGHT_INLINE void AmendedDraft::settle() {
    if (const Describe tell = std::exchange(describe_, nullptr)) tell(*this);
    if (changed_) check_texts_thoroughly(draft_);
}

HINDSIGHT_INLINE void AmendedDraft::veto(std::string_view reason) {
    if (reason.empty()) throw InvalidArgument("veto: the reason is empty");
    if (veto_reason_.empty()) veto_reason_ = reason;
}

}  // namespace hindsight::detail
