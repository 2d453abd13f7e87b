// Appends single values to JSON text: strings, numbers, points in time, and a stand-in for what has no JSON form.
// The result is always valid UTF-8, and valid JSON if the calls are put together to be.

#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hindsight::detail {

/// In quotes, escaped. Each malformed part of the UTF-8 becomes one U+FFFD.
HINDSIGHT_API void append_json_string(std::string& out, std::string_view text);

HINDSIGHT_API void append_json_number(std::string& out, std::int64_t number);
HINDSIGHT_API void append_json_number(std::string& out, std::uint64_t number);

/// The shortest digits that read back as the same number; infinities and NaN, which JSON lacks, become null.
HINDSIGHT_API void append_json_number(std::string& out, float number);
HINDSIGHT_API void append_json_number(std::string& out, double number);
HINDSIGHT_API void append_json_number(std::string& out, long double number);

/// What exceeds whole seconds, counted forward also before 1970.
template <class Rep, class Period>
constexpr std::uint32_t nanoseconds_of_second(std::chrono::duration<Rep, Period> since_epoch) noexcept {
    constexpr std::chrono::seconds second{1};
    auto rest = since_epoch % second;
    if (rest < rest.zero()) {
        rest += second;
    }
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(rest).count());
}

/// In quotes, as ISO 8601 has it, UTC: "2026-01-31T09:30:00.000000001Z".
HINDSIGHT_API void append_json_time(std::string& out, TimePoint time);

/// The same for times that nanoseconds cannot reach. Only the years 0 to 9999 have such a form: the seconds since 1970
/// as a number otherwise.
HINDSIGHT_API void append_json_time(std::string& out, std::chrono::sys_seconds seconds, std::uint32_t nanoseconds);

/// `{"type":"ns::T","size":N}`, for a value that can only be named.
HINDSIGHT_API void append_json_opaque(std::string& out, std::string_view type, std::size_t size);

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/json_scalars.ipp>
#endif
