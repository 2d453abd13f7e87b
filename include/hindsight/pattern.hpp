// Which events are meant: a name, or a name with wildcards. Used by subscriptions, queries and retention policies.

#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/text_like.hpp>
#include <hindsight/fwd.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace hindsight {

namespace detail {

/// An enumeration whose values are event names; see <hindsight/enumerated.hpp>.
template <class K>
concept NamesEvents = std::is_enum_v<K> && requires(const K& kind) {
    EventTraits<K>::name_of(kind);
};

}  // namespace detail

/// Dotted segments, of which whole ones may be `*`: it stands for exactly one segment, as the last segment for one or
/// more. `task.*` matches `task.completed` and `task.step.done`, not `task`; `*.failed` matches `task.failed`.
///
/// `*` alone matches every event. A pattern that begins with `*` never matches the library's own events
/// (`hindsight.*`): who wants those has to say so.
class HINDSIGHT_API Pattern {
public:
    /// Throws InvalidName, which shows the text, the column and the reason.
    // A template, because text in a list such as {{"debug.*", KeepNone{}}} would need two conversions otherwise.
    template <detail::TextLike Text>
    Pattern(const Text& text) {
        assign(detail::as_text(text));
    }

    /// The name of this kind of events, and so of an EnumeratedKind; throws InvalidName where it has none.
    template <detail::NamesEvents Kind>
    Pattern(Kind kind) {
        assign(EventTraits<Kind>::name_of(kind));
    }

    /// Never throws or allocates; linear in the name. False for a text that is no valid name.
    bool matches(std::string_view name) const noexcept;

    /// The text it was made of.
    std::string_view text() const noexcept { return text_; }

    /// Whether it has no wildcard, and so matches one name only.
    bool exact() const noexcept { return exact_; }

    friend bool operator==(const Pattern&, const Pattern&) = default;

private:
    void assign(std::string_view text);

    std::string text_;
    bool exact_ = false;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/pattern.ipp>
#endif
