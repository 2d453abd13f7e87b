// The names of C++ types, known at compile time: the qualified one as the compiler spells it, and the event name that
// is derived from it (TaskCompleted -> "task.completed").

#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace hindsight::detail {

template <class T>
constexpr std::string_view signature_naming() noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
    return __FUNCSIG__;
#else
    return __PRETTY_FUNCTION__;
#endif
}

template <class T>
constexpr std::string_view qualified_type_name() noexcept {
    // What surrounds the type's name is the same for every type, so one known name tells where it stands.
    constexpr std::string_view known = "double";
    constexpr std::string_view sample = signature_naming<double>();
    constexpr std::size_t before = sample.find(known);
    constexpr std::size_t after = sample.size() - before - known.size();
    std::string_view name = signature_naming<T>();
    name.remove_prefix(before);
    name.remove_suffix(after);
#if defined(_MSC_VER) && !defined(__clang__)
    for (const std::string_view keyword : {"struct ", "class ", "union ", "enum "}) {
        if (name.starts_with(keyword)) {
            name.remove_prefix(keyword.size());
        }
    }
#endif
    return name;
}

/// The name of `T` with its namespaces and enclosing classes, in static storage. Compilers differ on types that cannot
/// be named from elsewhere (local, unnamed, in unnamed namespaces) and on template arguments.
template <class T>
inline constexpr std::string_view qualified_type_name_v = qualified_type_name<T>();

constexpr bool mentions_unnamed_namespace(std::string_view qualified_name) noexcept {
    return qualified_name.find("{anonymous}") != std::string_view::npos ||
           qualified_name.find("(anonymous namespace)") != std::string_view::npos ||
           qualified_name.find("`anonymous") != std::string_view::npos;
}

/// Whether `T` is, or is built from, a type of an unnamed namespace: another file may have a different one of that
/// name.
template <class T>
inline constexpr bool is_in_unnamed_namespace = mentions_unnamed_namespace(qualified_type_name_v<T>);

constexpr bool is_upper(char character) noexcept {
    return character >= 'A' && character <= 'Z';
}

constexpr bool is_lower_or_digit(char character) noexcept {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

/// Whether a word begins at `position` (not 0) by a change of case: "taskDone" at D, "HTTPRequest" at R.
constexpr bool is_case_boundary(std::string_view identifier, std::size_t position) noexcept {
    if (!is_upper(identifier[position])) {
        return false;
    }
    const bool before_lower =
        position + 1 < identifier.size() && identifier[position + 1] >= 'a' && identifier[position + 1] <= 'z';
    return is_lower_or_digit(identifier[position - 1]) || (is_upper(identifier[position - 1]) && before_lower);
}

/// Writes the event name made of `identifier` to `out`, which has room for twice its size, and returns the end of what
/// was written. Words end at changes of case and underscores; the first is the category, '_' joins the others.
constexpr char* write_derived_name(std::string_view identifier, char* out) noexcept {
    const char* const begin = out;
    char separator = '.';
    bool word_ended = false;
    for (std::size_t position = 0; position != identifier.size(); ++position) {
        const char character = identifier[position];
        if (character == '_') {
            word_ended = true;
            continue;
        }
        if (out != begin && (word_ended || is_case_boundary(identifier, position))) {
            *out++ = separator;
            separator = '_';
        }
        word_ended = false;
        *out++ = is_upper(character) ? static_cast<char>(character - 'A' + 'a') : character;
    }
    return out;
}

constexpr std::string_view unqualified(std::string_view qualified_name) noexcept {
    const std::size_t last = qualified_name.rfind("::");
    return last == std::string_view::npos ? qualified_name : qualified_name.substr(last + 2);
}

/// The event name derived from `Source::identifier`, in static storage.
template <class Source>
struct DerivedName {
    struct Text {
        std::array<char, 2 * Source::identifier.size() + 1> characters = {};
        std::size_t size = 0;
    };

    static constexpr Text text = [] {
        Text result;
        result.size = static_cast<std::size_t>(write_derived_name(Source::identifier, result.characters.data()) -
                                               result.characters.data());
        return result;
    }();
    static constexpr std::string_view name = {text.characters.data(), text.size};
};

template <class T>
struct TypeIdentifier {
    static constexpr std::string_view identifier = unqualified(qualified_type_name_v<T>);
};

/// The event name derived from the identifier of `T`. Meaningful if `is_derivable<T>`.
template <class T>
inline constexpr std::string_view derived_name_v = DerivedName<TypeIdentifier<T>>::name;

constexpr bool is_plain_identifier(std::string_view qualified_name) noexcept {
    for (const char character : qualified_name) {
        if (!is_upper(character) && !is_lower_or_digit(character) && character != '_' && character != ':') {
            return false;
        }
    }
    return true;
}

/// Whether an event name can be derived from the name of `T`: not for templates and what is inside them, for lambdas,
/// nor for types of functions and unnamed namespaces.
///
/// Compilers put brackets of some kind in all those names, with one exception: clang spells a type defined in a
/// function without the function ("Local"), so there it cannot be told from a type of the global namespace, and counts
/// as derivable.
template <class T>
inline constexpr bool is_derivable = is_plain_identifier(qualified_type_name_v<T>) && !derived_name_v<T>.empty();

}  // namespace hindsight::detail
