// Checks that a call is refused with the right error and a message that names the culprit.
#pragma once

#include <hindsight/error.hpp>

#include <string_view>
#include <type_traits>
#include <typeinfo>

namespace hindsight::test {

/// Whether the action throws exactly an `E` whose message contains the text.
template <class E, class F>
bool refuses(std::string_view text, F action) {
    static_assert(std::is_base_of_v<Error, E>);
    try {
        action();
    } catch (const E& error) {
        return typeid(error) == typeid(E) && std::string_view(error.what()).find(text) != std::string_view::npos;
    } catch (...) {
        return false;
    }
    return false;
}

}  // namespace hindsight::test
