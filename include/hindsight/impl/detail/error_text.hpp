// The text of an exception, for messages.
#pragma once

#include <exception>
#include <string>

namespace hindsight::detail {

inline std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

}  // namespace hindsight::detail
