#include "readings.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

namespace hindsight_benchmark {

namespace {

constexpr std::uint32_t warm = reading_texts;  // the text after the last one
constexpr std::size_t warm_records = 100;

template <class Text>
std::vector<std::string> make_texts(const Text& text) {
    std::vector<std::string> texts;
    for (std::uint32_t i = 0; i <= reading_texts; ++i) texts.push_back(text(i));
    return texts;
}

void append(hindsight::EventStore& store, std::uint32_t name, std::uint32_t source, std::uint32_t key) {
    store.append(Reading{name, 0, 1, 2, 3}, {.source = reading_sources()[source], .key = reading_keys()[key]});
}

std::unique_ptr<hindsight::EventStore> empty_store(std::size_t records, std::shared_ptr<hindsight::Clock> clock = {}) {
    return std::make_unique<hindsight::EventStore>(
        hindsight::HistoryOptions{.capacity = records, .max_total_bytes = hindsight::no_limit}, std::move(clock));
}

void append_warm(hindsight::EventStore& store) {
    for (std::size_t i = 0; i < warm_records; ++i) append(store, warm, warm, warm);
}

}  // namespace

const std::vector<std::string>& reading_names() {
    static const auto texts = make_texts([](std::uint32_t i) {
        if (i == warm) return std::string("warm.up");
        return fmt::format("{}.n{}", is_wanted(i) ? "wanted" : "other", i);
    });
    return texts;
}

const std::vector<std::string>& reading_sources() {
    static const auto texts = make_texts([](std::uint32_t i) { return fmt::format("source_{}", i); });
    return texts;
}

const std::vector<std::string>& reading_keys() {
    static const auto texts = make_texts([](std::uint32_t i) { return fmt::format("key_{}", i); });
    return texts;
}

std::unique_ptr<hindsight::EventStore> store_of_readings(std::size_t records, std::uint32_t texts,
                                                         std::shared_ptr<hindsight::Clock> clock) {
    auto store = empty_store(records, std::move(clock));
    std::mt19937 random(1);
    const auto any = [&] { return static_cast<std::uint32_t>(random() % texts); };
    for (std::size_t i = 0; i < records + records / 2; ++i) append(*store, any(), any(), any());
    append_warm(*store);
    return store;
}

std::unique_ptr<hindsight::EventStore> store_of_few_wanted(std::size_t records) {
    auto store = empty_store(records);
    std::mt19937 random(1);
    const std::size_t step = records / 1000;
    std::uint32_t wanted = 0;
    for (std::size_t i = 0; i < records + records / 2; ++i) {
        auto name = static_cast<std::uint32_t>(random() % reading_texts);
        if (i % step == 0) {
            name = wanted = (wanted + 100) % reading_texts;
        } else if (is_wanted(name)) {
            ++name;
        }
        append(*store, name, name, name);
    }
    append_warm(*store);
    return store;
}

void forget_data() {
    // More than the share of the last level that a processor has.
    static std::vector<std::uint64_t> other(std::size_t{96} << 17);
    for (std::size_t i = 0; i < other.size(); i += 8) ++other[i];
}

void warm_up(const hindsight::EventStore& store) {
    store.query({.name = "warm.up", .limit = warm_records});
    store.query({.pattern = "warm.*", .limit = warm_records});
    store.query({.source = reading_sources()[warm], .limit = warm_records});
    store.query({.key = reading_keys()[warm], .limit = warm_records});
}

}  // namespace hindsight_benchmark
