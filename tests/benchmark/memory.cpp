// What a stored event takes, all in all, and whether a bus grows. A program of its own, which nobody else's memory is
// in.
#include "event.hpp"
#include "readings.hpp"
#include "report.hpp"

#include <hindsight/event_bus.hpp>

#include <fmt/format.h>

#include <malloc.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string_view>
#include <thread>

using namespace hindsight_benchmark;

namespace {

constexpr std::size_t stored = 1'000'000;

double allocated_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
}

double resident_bytes() {
    std::size_t total = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

template <class Append>
void report_stored(const std::string& what, Target target, const Append& append) {
    const double resident = resident_bytes();
    const double allocated = allocated_bytes();
    hindsight::EventStore store({.capacity = stored, .max_total_bytes = hindsight::no_limit});
    for (std::size_t i = 0; i < stored + stored / 2; ++i) append(store, i);
    // What is made for queries counts too.
    store.query({.name = std::string(Event::event_name), .limit = 1});
    store.query({.source = reading_sources()[0], .limit = 1});
    store.query({.key = reading_keys()[0], .limit = 1});
    const double in_use = (allocated_bytes() - allocated) / stored;
    report({.work = fmt::format("memory per stored 32-byte event{}", what),
            .unit = "bytes",
            .ours = (resident_bytes() - resident) / stored,
            .target = target,
            .note = fmt::format("in use by mallinfo2: {:.0f}", in_use)});
}

// All that a bus does at once: names, sources and keys that come and go, a direct and a queued handler.
void report_growth(std::size_t events) {
    constexpr std::size_t history = 100'000;
    hindsight::EventBus bus({.history = {.capacity = history}});
    const auto direct =
        bus.subscribe<Event>([](const Event& given) { add(given); }, {.delivery = hindsight::Delivery::direct});
    const auto queued = bus.subscribe("other.n1", [](const hindsight::Record&) {});
    const auto emit_some = [&bus](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i) {
            const auto text = static_cast<std::uint32_t>(i % reading_texts);
            if (i % 16 == 0) {
                bus.emit(Reading{text, 0, 1, 2, 3}, {.source = reading_sources()[text], .key = reading_keys()[text]});
            } else {
                bus.emit(event);
            }
        }
    };
    const std::size_t tenth = std::max(events / 10, 2 * history);
    emit_some(0, tenth);
    const double early = resident_bytes();
    emit_some(tenth, events);
    const double late = resident_bytes();
    constexpr double mebibyte = 1 << 20;
    report({.work = fmt::format("resident after {} M events, history of 100 k", events / 1'000'000),
            .unit = "MiB",
            .ours = late / mebibyte,
            .peer_name = "after a tenth",
            .peer = early / mebibyte,
            .ratio = late / early,
            .target = at_most(1.02)});
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t events = 100'000'000;
    if (argc > 1) {
        const std::string_view text(argv[1]);
        std::from_chars(text.data(), text.data() + text.size(), events);
    }
    std::thread([] {}).join();
    reading_names();
    reading_sources();
    reading_keys();
    report_stored("", at_most(160), [](hindsight::EventStore& store, std::size_t) { store.append(event); });
    malloc_trim(0);
    report_stored(", one of 100 sources", {}, [](hindsight::EventStore& store, std::size_t i) {
        store.append(event, {.source = reading_sources()[i % 100]});
    });
    malloc_trim(0);
    report_growth(events);
    return 0;
}
