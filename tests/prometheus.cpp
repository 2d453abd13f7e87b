// Statistics in Prometheus's text format; tests/export has its own tool read them, too.
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/prometheus.hpp>

#include <chrono>
#include <memory>
#include <string>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a bus without anything gives its totals", "[prometheus]") {
    const std::string text = to_prometheus(EventBus().stats());
    CHECK_THAT(text, Contains("# HELP hindsight_events_emitted_total Accepted events.\n"
                              "# TYPE hindsight_events_emitted_total counter\n"
                              "hindsight_events_emitted_total 0\n"));
    CHECK_THAT(text, Contains("hindsight_events_refused_total{reason=\"closed\"} 0\n"));
    CHECK_THAT(text, Contains("# TYPE hindsight_queue_depth gauge\nhindsight_queue_depth 0\n"));
    CHECK(text.find("histogram") == std::string::npos);
    CHECK(text.back() == '\n');
}

TEST_CASE("labels are escaped whatever stands in them", "[prometheus]") {
    EventBus bus;
    const auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.name = "back\\slash \"quoted\"\nline \xff end\xc3\xa4"});
    CHECK_THAT(to_prometheus(bus.stats()),
               Contains("hindsight_subscription_delivered_total{id=\"1\",name=\"back\\\\slash \\\"quoted\\\"\\nline "
                        "\xef\xbf\xbd end\xc3\xa4\",pattern=\"test.tick\"} 0\n"));
}

TEST_CASE("times are histograms of seconds, with buckets that add up", "[prometheus]") {
    const auto clock = std::make_shared<ManualClock>(TimePoint(12h));
    EventBus bus{{.pool = {.threads = 0}, .clock = clock, .watch = {.times = true}}};
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) { clock->advance(Duration(tick.number)); },
                                                  {.delivery = Delivery::direct});
    for (const int nanoseconds : {100, 1000, 1001, 2500, 2'000'000, 1'000'000'000}) bus.emit(Tick{nanoseconds});
    bus.emit(Tick{}, {.source = "x"});
    const std::string text = to_prometheus(bus.stats());
    const auto line = [](const std::string& rest) { return "\nhindsight_event_run_seconds" + rest + "\n"; };
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"1e-06\"} 3")));
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"2.5e-06\"} 5")));
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"0.001\"} 5")));
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"0.0025\"} 6")));
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"1\"} 7")));
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"100\"} 7")));
    CHECK_THAT(text, Contains(line("_bucket{event=\"test.tick\",le=\"+Inf\"} 7")));
    CHECK_THAT(text, Contains(line("_sum{event=\"test.tick\"} 1.002004601")));
    CHECK_THAT(text, Contains(line("_count{event=\"test.tick\"} 7")));
    CHECK(text.find("le=\"250\"") == std::string::npos);
}

TEST_CASE("a store's rules are told apart by their numbers", "[prometheus]") {
    const EventBus bus{{.history = {.policies = {{"a.*", KeepNone{}}, {"a.*", BucketRing{}}}}}};
    const std::string text = to_prometheus(bus.history().stats());
    CHECK_THAT(text, Contains("# TYPE hindsight_history_records gauge\nhindsight_history_records 0\n"));
    CHECK_THAT(text, Contains("hindsight_history_stored_total{rule=\"0\",pattern=\"a.*\"} 0\n"
                              "hindsight_history_stored_total{rule=\"1\",pattern=\"a.*\"} 0\n"));
}

}  // namespace
