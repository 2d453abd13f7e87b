// Record: a cheap, copyable handle to one recorded event, its metadata and its payload.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/types.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hindsight {

/// Identifies an event beyond one bus: the bus's random id, and the event's seq there.
struct RecordId {
    std::uint64_t origin = 0;
    Seq seq = 0;
    friend bool operator==(const RecordId&, const RecordId&) = default;
    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the comparison with 0 for one with a null pointer
    friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

/// One event as it happened: an immutable envelope, shared by history, mailboxes and everyone who keeps a Record.
///
/// Copying costs one atomic increment; the accessors are safe from any thread, never block and never throw. Views and
/// payload references live as long as some Record of the event does, so they cannot be taken from a temporary. A
/// default-constructed or moved-from Record is empty: it converts to false and its accessors give zeros and empty
/// texts.
class HINDSIGHT_API Record {
public:
    Record() noexcept = default;

    /// The place in the bus's order: 1, 2, 3 ...; 0 while filters and policies look at it, before it has one.
    Seq seq() const noexcept { return envelope_ ? envelope_->seq : 0; }
    /// Unique beyond one bus.
    RecordId id() const noexcept { return envelope_ ? RecordId{envelope_->origin, envelope_->seq} : RecordId{}; }
    /// The seq of the event whose handler emitted this one, or the one given by the emitter; 0: none.
    Seq cause() const noexcept { return envelope_ ? envelope_->cause : 0; }
    /// Wall time: the emitter's if it gave one, else the bus's clock just before the event got its seq.
    TimePoint time() const noexcept { return envelope_ ? envelope_->time : TimePoint{}; }
    Severity severity() const noexcept { return envelope_ ? envelope_->severity : Severity{}; }
    /// Whether this event was emitted again from a recording.
    bool replayed() const noexcept { return has(detail::Envelope::replayed); }
    /// Whether history kept this record without its payload, which was over `HistoryOptions::max_payload_bytes`.
    bool truncated() const noexcept { return has(detail::Envelope::truncated); }
    /// The payload's size in bytes as the event's traits count it, even where it was truncated.
    std::size_t payload_bytes() const noexcept { return envelope_ ? envelope_->payload_bytes : 0; }

    std::string_view name() const& noexcept { return envelope_ ? envelope_->name() : std::string_view(); }
    std::string_view name() const&& = delete;
    /// The name's first segment.
    std::string_view category() const& noexcept { return envelope_ ? envelope_->category() : std::string_view(); }
    std::string_view category() const&& = delete;
    std::string_view source() const& noexcept { return envelope_ ? envelope_->source() : std::string_view(); }
    std::string_view source() const&& = delete;
    /// What a bucket is counted by: the emitter's key, else the event's, else the source.
    std::string_view key() const& noexcept { return envelope_ ? envelope_->key() : std::string_view(); }
    std::string_view key() const&& = delete;
    std::string_view correlation() const& noexcept { return envelope_ ? envelope_->correlation() : std::string_view(); }
    std::string_view correlation() const&& = delete;
    /// The scope that it was emitted in; empty: the bus itself. See Scope.
    std::string_view scope() const& noexcept { return envelope_ ? envelope_->scope() : std::string_view(); }
    std::string_view scope() const&& = delete;
    /// The emitter's name-value pairs, in its order. Allocates the vector; the texts are views.
    std::vector<std::pair<std::string_view, std::string_view>> metadata() const&;
    std::vector<std::pair<std::string_view, std::string_view>> metadata() const&& = delete;
    /// The value of the first metadata entry of that name, if there is one. O(entries).
    std::optional<std::string_view> metadata(std::string_view wanted) const& noexcept;
    std::optional<std::string_view> metadata(std::string_view wanted) const&& = delete;

    bool matches(const Pattern& pattern) const noexcept { return envelope_ && pattern.matches(envelope_->name()); }

    /// The payload, or null where it is of another type or was truncated. For a base that the event's type names (see
    /// DefaultEventTraits), the payload as that.
    template <class E>
    const E* get_if() const& noexcept {
        if (!envelope_) return nullptr;
        const detail::EventType& wanted = detail::event_type<E>();
        if constexpr (detail::is_event_base<E>) {
            return static_cast<const E*>(detail::event_as(*envelope_->type, envelope_->payload(), wanted));
        }
        // The address differs between shared libraries that both know the type; the contents decide.
        if (envelope_->type != &wanted && !detail::same_type(*envelope_->type, wanted)) return nullptr;
        return static_cast<const E*>(envelope_->payload());
    }
    template <class E>
    const E* get_if() const&& = delete;

    /// The payload; throws BadEventCast, naming both types, where get_if would give null.
    template <class E>
    const E& as() const& {
        if (const E* payload = get_if<E>()) return *payload;
        throw_bad_cast(detail::event_type<E>());
    }
    template <class E>
    const E& as() const&& = delete;

    explicit operator bool() const noexcept { return static_cast<bool>(envelope_); }
    /// Whether both are handles to the same event.
    friend bool operator==(const Record& a, const Record& b) noexcept {
        return a.envelope_.get() == b.envelope_.get() || (a.seq() != 0 && a.id() == b.id());
    }

    /// For the library: a handle from and to the shared envelope.
    explicit Record(detail::EnvelopePtr envelope) noexcept : envelope_(std::move(envelope)) {}
    const detail::EnvelopePtr& envelope() const noexcept { return envelope_; }
    detail::Envelope* detach() noexcept { return envelope_.detach(); }

private:
    bool has(detail::Envelope::Flag flag) const noexcept { return envelope_ && envelope_->has(flag); }
    [[noreturn]] void throw_bad_cast(const detail::EventType& wanted) const;

    detail::EnvelopePtr envelope_;
};

/// A Record that is known to hold an E: what typed queries return. Dereferences to the payload, which it keeps alive.
template <class E>
class TypedRecord : public Record {
public:
    /// Throws BadEventCast when the record holds no E.
    explicit TypedRecord(Record record) : Record(std::move(record)), payload_(&this->template as<E>()) {}

    const E& operator*() const& noexcept { return *payload_; }
    const E* operator->() const noexcept { return payload_; }

private:
    const E* payload_;
};

namespace detail {

template <class F>
concept Decides = std::predicate<F&, const Record&> && std::copy_constructible<std::remove_cvref_t<F>>;

/// Functions, and objects with one operator() that is no template.
template <class F>
concept PlainCallable = std::is_function_v<std::remove_pointer_t<F>> || requires {
    &F::operator();
};

}  // namespace detail

/// Decides on a record; runs on the emitting thread before the event has a seq, and on the subscribing one for a
/// replay, so it must be pure and thread-safe. Made from any callable on `const Record&`, or by `where<E>`; empty: it
/// decides nothing and converts to false.
class Predicate {
public:
    Predicate() noexcept = default;
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Predicate>)
    &&detail::Decides<F> Predicate(F&& decide) : decide_(std::forward<F>(decide)) {}

    /// Refused with a readable error: callables on anything else.
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Predicate> && !detail::Decides<F> &&
                 detail::PlainCallable<std::decay_t<F>>)
    Predicate(F&&) {
        static_assert(!detail::PlainCallable<std::decay_t<F>>,
                      "hindsight: a filter, or Query::where, must be callable with (const Record&), return bool and be "
                      "copyable; for one on the event itself write hindsight::where<Event>(...)");
    }

    bool operator()(const Record& record) const { return decide_(record); }
    explicit operator bool() const noexcept { return static_cast<bool>(decide_); }
    /// For the library: decides the same, and then as `also` does.
    template <class F>
    Predicate and_then(F also) const {
        Predicate both([first = decide_, also = std::move(also)](const Record& record) {
            return (!first || first(record)) && also(record);
        });
        both.payload_type_ = payload_type_;
        return both;
    }
    /// The only payload type it can accept; null: any.
    const detail::EventType* payload_type() const noexcept { return payload_type_; }

private:
    template <EventOrBase E, class F>
    friend Predicate where(F);

    std::function<bool(const Record&)> decide_;
    const detail::EventType* payload_type_ = nullptr;
};

/// A predicate on the payload: false for records that hold no E. Subscribing to another type with it is refused, unless
/// one is a base of the other.
template <EventOrBase E, class F>
Predicate where(F predicate) {
    Predicate result([predicate = std::move(predicate)](const Record& record) {
        const E* event = record.get_if<E>();
        return event != nullptr && static_cast<bool>(predicate(*event));
    });
    result.payload_type_ = &detail::event_type<E>();
    return result;
}

/// A hole in what a subscription was given: `missed` events with seqs from `first` to `last` were dropped for it.
/// `missed` 0: nobody knows how many; history had let go of some events in this range, of this subscription or others,
/// before the subscription joined.
struct Lagged {
    Seq first = 0;
    Seq last = 0;
    std::uint64_t missed = 0;
};

struct HandlerError;
template <>
inline constexpr bool detail::is_library_event<HandlerError> = true;

/// The library's event about a handler (or filter, or middleware) that threw: whose, at which record, and what.
struct HINDSIGHT_API HandlerError {
    static constexpr std::string_view event_name = "hindsight.handler_error";
    static constexpr Severity event_severity = Severity::error;

    std::string handler;
    Record record;
    std::exception_ptr error;

    std::string event_json() const;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/record.ipp>
#endif
