// Events that go to a logger of spdlog.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/spdlog.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>

using hindsight::EventBus;
using hindsight::log_events;
using hindsight::LogOptions;
using hindsight::Record;
using hindsight::Severity;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// A logger that writes into a text.
struct Log {
    explicit Log(const std::string& pattern) { logger->set_pattern(pattern, spdlog::pattern_time_type::utc); }

    std::ostringstream text;
    std::shared_ptr<spdlog::logger> logger =
        std::make_shared<spdlog::logger>("bus", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
};

struct FailingSink final : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg&) override { throw std::runtime_error("the disk is full"); }
    void flush_() override {}
};

TEST_CASE("events are logged with their severity, time and text", "[spdlog]") {
    EventBus bus;
    Log log("%H:%M:%S.%e %n %l %s%v");
    const auto logging = log_events(bus, log.logger);
    const hindsight::TimePoint time(25h + 3min + 7s + 42ms);
    bus.emit(TaskFailed{"t1"}, {.source = "worker", .time = time});
    bus.emit(Tick{1}, {.cause = 1, .time = time + 1s}).wait();
    bus.shutdown(1h);
    CHECK(log.text.str() ==
          "01:03:07.042 bus error #1 task.failed source=worker "
          "{\"type\":\"hindsight::test::TaskFailed\",\"size\":32}\n"
          "01:03:08.042 bus info #2 test.tick cause=#1 {\"type\":\"hindsight::test::Tick\",\"size\":4}\n");
}

TEST_CASE("each severity has its level", "[spdlog]") {
    EventBus bus;
    Log log("%l");
    LogOptions options;
    std::string expected = "trace\ndebug\ninfo\nwarning\nerror\ncritical\n";
    log.logger->set_level(spdlog::level::trace);
    SECTION("all are logged") {}
    SECTION("the least can be chosen") {
        options.min_severity = Severity::warning;
        expected = "warning\nerror\ncritical\n";
    }
    SECTION("so it can in the logger, whose events are not even formatted") {
        log.logger->set_level(spdlog::level::err);
        options.format = [](const Record& record) -> std::string {
            if (record.severity() < Severity::error) throw std::runtime_error("formatted");
            return "text";
        };
        expected = "error\ncritical\n";
    }
    SECTION("beside a filter of the subscription") {
        options.min_severity = Severity::info;
        options.subscription.filter = [](const Record& record) { return record.severity() != Severity::error; };
        expected = "info\nwarning\ncritical\n";
    }
    const auto logging = log_events(bus, log.logger, options);
    for (const Severity severity :
         {Severity::trace, Severity::debug, Severity::info, Severity::warning, Severity::error, Severity::critical}) {
        bus.emit(Tick{}, {.severity = severity});
    }
    bus.shutdown(1h);
    CHECK(log.text.str() == expected);
    CHECK(bus.stats().failed == 0);
}

TEST_CASE("what is logged, and how, can be chosen", "[spdlog]") {
    EventBus bus({.on_error = [](const auto&) {}});
    Log log("%v");
    auto logging = log_events(bus, log.logger,
                              {.pattern = "test.*",
                               .format = [](const Record& record) { return "<" + std::string(record.name()) + "> {}"; },
                               .subscription = {.name = "log", .delivery = hindsight::Delivery::direct}});
    bus.emit(Tick{});
    bus.emit(TaskFailed{});
    CHECK(log.text.str() == "<test.tick> {}\n");
    CHECK(logging.stats().name == "log");
    SECTION("failures of handlers are the library's own events") {
        const auto failures =
            log_events(bus, log.logger, {.pattern = "hindsight.*", .format = [](const Record& record) {
                                             return record.as<hindsight::HandlerError>().handler;
                                         }});
        const auto failing = bus.subscribe<Tock>([](const Tock&) { throw std::runtime_error("broken"); },
                                                 {.name = "culprit", .delivery = hindsight::Delivery::direct});
        bus.emit(Tock{});
        bus.shutdown(1h);
        CHECK(log.text.str() == "<test.tick> {}\n<test.tock> {}\nculprit\n");
    }
    SECTION("nothing is logged once the subscription has ended") {
        logging.disconnect();
        bus.emit(Tick{});
        CHECK(log.text.str() == "<test.tick> {}\n");
    }
}

TEST_CASE("what cannot be logged is refused", "[spdlog]") {
    EventBus bus;
    Log log("%v");
    CHECK_THROWS_AS(log_events(bus, nullptr), hindsight::InvalidArgument);
    CHECK_THROWS_AS(log_events(bus, log.logger, {.min_severity = Severity{9}}), hindsight::InvalidArgument);
    CHECK_THROWS_AS(log_events(bus, log.logger, {.pattern = "a..b"}), hindsight::InvalidName);
    CHECK(bus.subscription_count() == 0);
    CHECK(log.logger.use_count() == 1);
}

TEST_CASE("what a logger throws stays with spdlog, what its error handler throws fails as a handler", "[spdlog]") {
    EventBus bus({.on_error = [](const auto&) {}});
    const auto logger = std::make_shared<spdlog::logger>("bus", std::make_shared<FailingSink>());
    std::string told;
    SECTION("spdlog's error handler is told") {
        logger->set_error_handler([&](const std::string& message) { told = message; });
        const auto logging = log_events(bus, logger);
        bus.emit(Tick{}).wait();
        bus.shutdown(1h);
        CHECK_THAT(told, Contains("the disk is full"));
        CHECK(bus.stats().failed == 0);
    }
    SECTION("who throws there") {
        logger->set_error_handler([](const std::string& message) { throw std::runtime_error(message); });
        const auto logging = log_events(bus, logger);
        bus.emit(Tick{});
        bus.shutdown(1h);
        CHECK(bus.stats().failed == 1);
    }
    SECTION("and so does what makes the text") {
        const auto logging = log_events(
            bus, logger, {.format = [](const Record&) -> std::string { throw std::runtime_error("no words"); }});
        bus.emit(Tick{});
        bus.shutdown(1h);
        CHECK(bus.stats().failed == 1);
    }
}

}  // namespace
