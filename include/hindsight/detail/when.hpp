// When: what tells at which time an event is to be emitted.
#pragma once

#include <hindsight/types.hpp>

#include <cstdint>

namespace hindsight::detail {

struct When {
    enum class Kind : std::uint8_t { after, at, every } kind;
    Duration delay{};  // the period, for `every`
    TimePoint time{};  // for `at`
};

}  // namespace hindsight::detail
