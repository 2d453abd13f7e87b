// Interception: one event on its way through the middleware that its topic's snapshot holds, before anything else is
// done with it. Lives on the stack of the emitting thread, as a part of its Emission.
//
// Middleware is a node without a handler. The registry takes it in and out as it does with subscriptions, so a change
// takes the snapshot from the topics that it concerns, and events without middleware look at nothing that they would
// not look at anyway. The node is in the frame's cell while it runs, after which its flags are read (see
// quiescence.hpp): whoever removes it waits for that. Its memory lives as long as the snapshot, which the same cell has
// pinned until the interception is over.
#pragma once

#include <hindsight/detail/amended_draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/impl/detail/error_text.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/refusal.hpp>
#include <hindsight/middleware.hpp>
#include <hindsight/record.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hindsight::detail {

class Interception {
public:
    /// `made`: the event's envelope, where that was made already. Throws std::bad_alloc.
    Interception(Hub& hub, Frame& frame, const Draft& given, const Stamp& stamp, Envelope* made)
        : hub_(hub), frame_(frame), stamp_(stamp), draft_(given, stamp, made, hub.options().clock.get()) {}
    Interception(const Interception&) = delete;
    Interception& operator=(const Interception&) = delete;

    /// Runs the middleware: user code, without a lock. The receipt, if one refuses the event. Throws std::bad_alloc.
    std::optional<Receipt> run(const Snapshot& snapshot) {
        // What it emits inherits from this. Most events have nothing to pass on.
        if (!stamp_.is_plain()) seen_ = header();
        Node* refusing = nullptr;
        {
            Running running(frame_);
            for (const NodePtr& each : snapshot.middleware) {
                if (is_inside(*each) || (running.move_to(*each) & Node::dead) != 0) continue;
                if (passes(*each)) continue;
                refusing = each.get();
                break;
            }
        }
        if (refusing == nullptr) return std::nullopt;
        return refusal(*refusing);
    }

    const AmendedDraft& draft() const noexcept { return draft_; }

private:
    /// What middleware emits goes past it: else it would have to tell its own events apart, or never come to an end.
    bool is_inside(const Node& node) const noexcept {
        const Frame* frame = frame_.outer;
        while (frame != nullptr && frame->node() != &node) frame = frame->outer;
        return frame != nullptr;
    }

    bool passes(Node& node) noexcept {
        frame_.record = &seen_;
        try {
            DraftView view(draft_);
            node.intercept(node, view);
            if (!draft_.vetoed()) draft_.settle();
        } catch (...) {
            error_ = std::current_exception();
        }
        frame_.record = nullptr;
        if (error_ || draft_.vetoed()) return false;
        node.delivered.add(frame_.slot);
        return true;
    }

    Receipt refusal(Node& node) {
        // What may throw comes first: emit then throws, and nothing was counted or told.
        Receipt receipt{
            .outcome = error_ ? Outcome::middleware_failed : Outcome::vetoed,
            .envelope = enclosed({Hub::label_of(node), error_ ? text_of(error_) : std::string(draft_.veto_reason())})};
        if (error_) {
            hub_.refused_failed_.add(frame_.slot);
            Record refused;
            try {
                refused = header();
            } catch (const std::bad_alloc&) {
                // It is reported all the same.
            }
            hub_.report(node, refused, error_);
        } else {
            node.filter_rejected.add(frame_.slot);
            hub_.refused_vetoed_.add(frame_.slot);
        }
        return receipt;
    }

    EnvelopePtr enclosed(Refusal refusal) const {
        return with_draft(std::move(refusal), default_emit_options,
                          [this](const Draft& draft) { return make_envelope(draft, Stamp(), frame_.slot); });
    }

    /// Name, source, severity, cause, correlation and scope. Not what middleware may be there to take out.
    Record header() const {
        const Draft& draft = draft_.draft();
        const draft::Texts texts{.own_name = draft.type.self_named ? draft.name() : std::string_view(),
                                 .source = draft.options.source,
                                 .key = {},
                                 .correlation = draft.options.correlation,
                                 .scope = draft.scope(),
                                 .metadata = {}};
        const std::size_t text_bytes = texts.bytes();
        Envelope* const made = envelope::make_empty(draft.type, sizeof(Envelope) + text_bytes);
        made->cause = draft.options.cause;
        made->time = time_of(draft, [this] { return draft_.now(); });
        made->origin = hub_.ledger().origin;
        made->type = &draft.type;
        made->text_offset = sizeof(Envelope);
        made->text_bytes = static_cast<std::uint32_t>(text_bytes);
        made->payload_bytes = draft.payload_bytes;
        made->footprint = made->allocated();
        made->severity = draft_.severity();
        made->flags = static_cast<std::uint8_t>(stamp_.flags | Envelope::truncated);
        made->category_size = draft.type.category_size;
        texts.append_to(*made);
        return Record(EnvelopePtr(made));
    }

    Hub& hub_;
    Frame& frame_;
    const Stamp stamp_;
    AmendedDraft draft_;
    Record seen_;
    std::exception_ptr error_;
};

}  // namespace hindsight::detail
