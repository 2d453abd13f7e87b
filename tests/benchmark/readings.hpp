// Readings: events of 32 bytes whose names are known at run time only, and stores that are full of them.
#pragma once

#include <hindsight/event_store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight_benchmark {

struct Reading {
    std::uint32_t name;
    std::uint32_t unused;
    std::uint64_t a, b, c;
};
static_assert(sizeof(Reading) == 32);

/// Ten thousand of each; one name in a hundred begins with "wanted".
inline constexpr std::uint32_t reading_texts = 10'000;
const std::vector<std::string>& reading_names();
const std::vector<std::string>& reading_sources();
const std::vector<std::string>& reading_keys();

inline bool is_wanted(std::uint32_t name) {
    return name % 100 == 0;
}

/// Appended one and a half times, so that its memory is as after some use. Names, sources and keys at random and
/// independent of each other, the first `texts` of each; the last 100 records have texts of their own: see warm_up.
std::unique_ptr<hindsight::EventStore> store_of_readings(std::size_t records, std::uint32_t texts,
                                                         std::shared_ptr<hindsight::Clock> clock = {});

/// The same, but only each `records / 1000`th one is wanted.
std::unique_ptr<hindsight::EventStore> store_of_few_wanted(std::size_t records);

/// Fills the processor's caches with other things.
void forget_data();
/// Queries of the same kinds for the newest records: fetches the code again.
void warm_up(const hindsight::EventStore& store);

}  // namespace hindsight_benchmark

template <>
struct hindsight::EventTraits<hindsight_benchmark::Reading>
    : hindsight::DefaultEventTraits<hindsight_benchmark::Reading> {
    static constexpr std::string_view name = {};

    static std::string_view name_of(const hindsight_benchmark::Reading& reading) noexcept {
        return hindsight_benchmark::reading_names()[reading.name];
    }
};
