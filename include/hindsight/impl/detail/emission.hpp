// Emission: one event on its way through the hub, step by step. Lives on the stack of the emitting thread.
//
//   intercept, where there is middleware: once, before anything else   (user code; may refuse the event)
//   prepare   pin the subscribers' snapshot, make the envelope, ask filters and user policies   (user code; may throw)
//   commit    seq, history and mailboxes, in one critical section     (no user code; throws only before it changes)
//   deliver   hand filled mailboxes to executors, call direct handlers, release what was evicted   (never throws)
//
// Whatever changed between prepare and commit sends the emission back to prepare, so that it acts on one moment.
#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/converted.hpp>
#include <hindsight/impl/detail/filtering.hpp>
#include <hindsight/impl/detail/interception.hpp>
#include <hindsight/impl/detail/policy_answer.hpp>
#include <hindsight/impl/detail/queueing.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <vector>

namespace hindsight::detail {

class Emission {
public:
    /// `made`: its envelope, where that was made already.
    Emission(Hub& hub, Frame& frame, Topic& topic, bool topic_is_shared, const Draft& draft,
             EnvelopePtr made = {}) noexcept
        : hub_(hub), ledger_(*hub.ledger_), frame_(frame), topic_(topic), draft_(&draft),
          topic_is_shared_(topic_is_shared), record_(std::move(made)) {}
    Emission(const Emission&) = delete;
    Emission& operator=(const Emission&) = delete;

    Receipt run();
    /// `emitted`: see Hub::emit_made. The envelope has been made already.
    Receipt run_and_tell(Record& emitted);

private:
    enum class Commit : std::uint8_t { done, again, wait, closed };

    void look_at_subscribers();
    /// The receipt, if the event goes no further.
    std::optional<Receipt> intercept();
    void prepare();
    void look_up_retention();
    /// `before`: the envelope that the event had, if it had one.
    void make_record(const Envelope* before = nullptr);
    Stamp stamp(const Envelope* before) const noexcept;

    Commit commit();
    bool is_outdated_locked() const noexcept;
    std::optional<History::Place> place_locked() HINDSIGHT_REQUIRES(ledger_.mutex);

    void deliver() noexcept;
    void call_direct_handlers() noexcept;
    Receipt receipt();

    Envelope& whole() const noexcept { return *record_.envelope(); }
    Envelope& kept() const noexcept { return shortened_ ? *shortened_ : whole(); }
    void set_seq(Seq seq) noexcept;
    const Filtering* filtering() const noexcept { return filtering_ ? &*filtering_ : nullptr; }

    Hub& hub_;
    Ledger& ledger_;
    Frame& frame_;
    Topic& topic_;
    const Draft* draft_;  // the emitter's, or as middleware has changed it

    const Snapshot* snapshot_ = nullptr;
    std::uint64_t subscriptions_ = 0;    // the registry's version of them, where the topic is not shared
    std::uint64_t history_version_ = 0;  // of which the next three were read
    Topic::Keeping keeping_ = Topic::Keeping::none;
    const bool topic_is_shared_;
    bool tracked_ = false;  // history keeps these events, or counts that it does not
    bool stores_ = false;   // it keeps this one, as far as its policy is concerned
    Outcome outcome_ = Outcome::not_kept;
    std::uint32_t matched_ = 0;
    Seq seq_ = 0;

    Record record_;           // what is delivered
    EnvelopePtr shortened_;   // what history gets instead, without a payload that is too large
    EvictedRecords evicted_;  // by this event
    Converted converted_;     // what typed subscribers of a dynamic event get
    std::optional<Interception> interception_;
    std::optional<Filtering> filtering_;
    std::optional<Queueing> queueing_;
    std::optional<HandlerFailed> failed_;  // under ErrorPolicy::rethrow: made while failing is still harmless
    PolicyAnswer policy_answer_;
};

}  // namespace hindsight::detail
