// The event names of an enumeration's enumerators, at compile time.
#pragma once

#include <hindsight/detail/json_kinds.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/type_name.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/list.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace hindsight::detail {

/// Of one enumerator, as Boost.Describe describes it.
template <class Enumerator>
struct EnumeratorIdentifier {
    static constexpr std::string_view identifier = Enumerator::name;
};

template <class K, class Enumerator>
constexpr std::string_view checked_enumerator_name() {
    constexpr std::string_view name = [] {
        if constexpr (requires { EventTraits<K>::chosen_name(Enumerator::value); }) {
            constexpr std::string_view chosen = EventTraits<K>::chosen_name(Enumerator::value);
            if constexpr (!chosen.empty()) return chosen;
        }
        return DerivedName<EnumeratorIdentifier<Enumerator>>::name;
    }();
    static_assert(is_valid_name(name),
                  "hindsight: this enumerator has no valid event name (segments of [A-Za-z0-9_-] joined by dots, 255 "
                  "bytes at most); see EnumeratedEvents::chosen_name");
    static_assert(
        !is_library_name(name),
        "hindsight: event names that begin with \"hindsight\" are the library's; give this enumerator another");
    return name;
}

template <class... Enumerator>
struct EnumeratorList {
    static constexpr std::size_t size = sizeof...(Enumerator);
};

template <class K>
struct NamedEnumerator {
    K kind;
    std::string_view name;
};

template <class K, class... Enumerator>
constexpr std::array<NamedEnumerator<K>, sizeof...(Enumerator)> name_enumerators(EnumeratorList<Enumerator...>) {
    return {{{Enumerator::value, checked_enumerator_name<K, Enumerator>()}...}};
}

template <class Names>
constexpr bool are_different(const Names& names) noexcept {
    for (std::size_t i = 0; i != names.size(); ++i) {
        for (std::size_t k = 0; k != i; ++k) {
            if (names[i].kind != names[k].kind && names[i].name == names[k].name) return false;
        }
    }
    return true;
}

template <class K>
constexpr auto make_enumerator_names() {
    static_assert(DescribedEnum<K>,
                  "hindsight: enumerated events need the enumeration's enumerators: BOOST_DESCRIBE_ENUM(...)");
    if constexpr (DescribedEnum<K>) {
        constexpr auto names =
            name_enumerators<K>(boost::mp11::mp_rename<boost::describe::describe_enumerators<K>, EnumeratorList>());
        static_assert(are_different(names), "hindsight: two enumerators of this enumeration have the same event name");
        return names;
    } else {
        return std::array<NamedEnumerator<K>, 0>();
    }
}

template <class K>
inline constexpr auto enumerator_names_v = make_enumerator_names<K>();

template <class K>
[[noreturn]] void throw_no_enumerator(K kind) {
    throw InvalidName("the value " + std::to_string(static_cast<std::underlying_type_t<K>>(kind)) + " of " +
                      std::string(qualified_type_name_v<K>) + " is no enumerator, and so names no event");
}

template <class K>
constexpr std::string_view enumerator_name(K kind) {
    constexpr auto& names = enumerator_names_v<K>;
    if constexpr (!names.empty()) {
        const auto index = static_cast<std::size_t>(kind) - static_cast<std::size_t>(names.front().kind);
        if (index < names.size() && names[index].kind == kind) return names[index].name;
    }
    for (const auto& each : names) {
        if (each.kind == kind) return each.name;
    }
    throw_no_enumerator(kind);
}

template <class K>
constexpr std::optional<K> find_enumerator(std::string_view name) noexcept {
    for (const auto& each : enumerator_names_v<K>) {
        if (each.name == name) return each.kind;
    }
    return std::nullopt;
}

}  // namespace hindsight::detail
