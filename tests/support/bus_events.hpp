// Sample events for tests.
#pragma once

#include <hindsight/event.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace hindsight::test {

struct Tick {
    static constexpr std::string_view event_name = "test.tick";
    int number = 0;
};

struct Tock {
    static constexpr std::string_view event_name = "test.tock";
    int number = 0;
};

/// An event with a key of its own.
struct Price {
    static constexpr std::string_view event_name = "market.price";
    std::string symbol;
    int cents = 0;
    static constexpr auto event_key = &Price::symbol;
};

struct Parcel {
    static constexpr std::string_view event_name = "test.parcel";
    std::unique_ptr<int> content;
};

}  // namespace hindsight::test
