#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/impl/detail/pace.hpp>
#include <hindsight/replaying.hpp>

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <utility>

namespace hindsight {

namespace replaying {

/// Why the event cannot be emitted again, if that can be seen of it.
inline std::optional<ReplayRefusal> fault_of(const Record& record) noexcept {
    if (!record) return ReplayRefusal::empty_record;
    const detail::Envelope& envelope = *record.envelope();
    if (detail::is_library_name(envelope.name())) return ReplayRefusal::library_event;
    if (!envelope.has(detail::Envelope::has_payload)) return ReplayRefusal::truncated;
    if (envelope.type->copy == nullptr) return ReplayRefusal::cannot_copy;
    return std::nullopt;
}

inline std::optional<ReplayRefusal> fault_of(Outcome outcome) noexcept {
    switch (outcome) {
    case Outcome::recorded:
    case Outcome::not_kept:
        break;
    case Outcome::vetoed:
        return ReplayRefusal::vetoed;
    case Outcome::closed:
        return ReplayRefusal::closed;
    case Outcome::too_deep:
        return ReplayRefusal::too_deep;
    case Outcome::middleware_failed:
        return ReplayRefusal::middleware_failed;
    }
    return std::nullopt;
}

class Replayer {
public:
    Replayer(CallbackManager& bus, const ReplayOptions& options) : bus_(bus), options_(options) {}

    void emit(const Record& record) {
        const std::optional<ReplayRefusal> fault = try_to_emit(record);
        if (fault) refuse(record, *fault);
    }

    void refuse(const Record& record, ReplayRefusal reason) {
        ++report.refused;
        const std::string_view name = record.name();
        const auto known = std::ranges::find_if(report.refusals, [&](const ReplayReport::Refused& each) {
            return each.reason == reason && each.name == name;
        });
        if (known != report.refusals.end()) {
            ++known->count;
        } else {
            report.refusals.push_back({std::string(name), reason, 1});
        }
    }

    bool closed() const noexcept { return closed_; }

    ReplayReport report;

private:
    std::optional<ReplayRefusal> try_to_emit(const Record& record) {
        const detail::Envelope& recorded = *record.envelope();
        const Seq cause = new_cause_of(recorded);
        const detail::Stamp stamp{.time = options_.keep_times ? recorded.time : bus_.now(),
                                  .origin = bus_.hub().ledger().origin,
                                  .cause = cause,
                                  .flags = detail::Envelope::replayed};
        detail::EnvelopePtr made;
        try {
            made = detail::make_again(recorded, stamp, detail::ThreadSlot::current());
        } catch (const std::bad_alloc&) {
            throw;
        } catch (...) {
            return ReplayRefusal::copy_failed;
        }
        const detail::Draft::Texts own{.name = recorded.name(), .key = recorded.key(), .scope = recorded.scope()};
        const detail::Draft draft{.type = *recorded.type,
                                  .event = made->payload(),
                                  .payload_bytes = recorded.payload_bytes,
                                  .options = default_emit_options,
                                  .own = &own,
                                  .brief = false,
                                  .may_move = false};
        Receipt receipt;
        try {
            bus_.hub().emit_made(draft, std::move(made), receipt);
        } catch (const TypeConflict&) {
            return ReplayRefusal::type_conflict;
        }
        closed_ = receipt.outcome == Outcome::closed;
        if (const auto fault = fault_of(receipt.outcome)) return fault;
        note(recorded, cause, receipt.seq);
        bus_.run_pending();
        return std::nullopt;
    }

    Seq new_cause_of(const detail::Envelope& recorded) const {
        const auto found = new_seqs_.find(RecordId{recorded.origin, recorded.cause});
        return found != new_seqs_.end() ? found->second : 0;
    }

    void note(const detail::Envelope& recorded, Seq cause, Seq seq) {
        ++report.emitted;
        if (report.first == 0) report.first = seq;
        report.last = seq;
        if (recorded.cause != 0 && cause == 0) ++report.lost_causes;
        new_seqs_[RecordId{recorded.origin, recorded.seq}] = seq;
    }

    CallbackManager& bus_;
    const ReplayOptions& options_;
    std::map<RecordId, Seq> new_seqs_;
    bool closed_ = false;
};

}  // namespace replaying

HINDSIGHT_INLINE std::string_view to_string(ReplayRefusal reason) noexcept {
    switch (reason) {
    case ReplayRefusal::empty_record:
        return "empty record";
    case ReplayRefusal::truncated:
        return "truncated";
    case ReplayRefusal::cannot_copy:
        return "cannot be copied";
    case ReplayRefusal::library_event:
        return "the library's own";
    case ReplayRefusal::type_conflict:
        return "another type has its name";
    case ReplayRefusal::copy_failed:
        return "copying failed";
    case ReplayRefusal::closed:
        return "bus closed";
    case ReplayRefusal::too_deep:
        return "too deep";
    case ReplayRefusal::vetoed:
        return "vetoed";
    case ReplayRefusal::middleware_failed:
        return "middleware failed";
    }
    return "unknown";
}

HINDSIGHT_INLINE ReplayReport replay(std::span<const Record> records, CallbackManager& bus,
                                     const ReplayOptions& options) {
    if (!(options.speed > 0)) throw InvalidArgument("replay: speed must be above 0");
    replaying::Replayer replayer(bus, options);
    detail::Pace pace(bus.hub(), options.speed, options.wait_until, options.stop);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (replayer.closed()) {
            replayer.refuse(record, ReplayRefusal::closed);
        } else if (const auto fault = replaying::fault_of(record)) {
            replayer.refuse(record, *fault);
        } else if (pace.wait_for(record.time())) {
            replayer.emit(record);
        } else {
            replayer.report.left = records.size() - i;
            break;
        }
    }
    return std::move(replayer.report);
}

}  // namespace hindsight
