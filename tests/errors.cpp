// Promise 3: what becomes of handlers, filters and error handlers that throw.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

std::string what(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (int number) {
        return std::to_string(number);
    }
}

/// Collects what the error handler of a bus is told.
struct Errors {
    hindsight::BusOptions options() {
        return {.on_error = [this](const HandlerError& error) {
            const std::lock_guard lock(mutex);
            all.push_back(error);
        }};
    }
    std::mutex mutex;
    std::vector<HandlerError> all;
};

constexpr auto fail = [](const auto&) { throw std::runtime_error("handler fails"); };

TEST_CASE("the error handler is told who failed, at which event, and why", "[errors][promise-3]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    Errors errors;
    EventBus bus(errors.options());
    const auto subscription = bus.subscribe<Tick>(fail, {.name = "the culprit", .delivery = delivery});
    const auto receipt = bus.emit(Tick{4}, {.source = "here"});
    receipt.wait();
    REQUIRE(errors.all.size() == 1);
    CHECK(errors.all[0].handler == "the culprit");
    CHECK(errors.all[0].record.seq() == receipt.seq);
    CHECK(errors.all[0].record.source() == "here");
    CHECK(errors.all[0].record.as<Tick>().number == 4);
    CHECK(what(errors.all[0].error) == "handler fails");
    CHECK(subscription.stats().failed == 1);
    CHECK(bus.stats().failed == 1);
}

TEST_CASE("exceptions of any type are isolated", "[errors][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto subscription = bus.subscribe<Tick>([](const Tick&) { throw 7; }, {.delivery = Delivery::direct});
    CHECK_NOTHROW(bus.emit(Tick{}));
    REQUIRE(errors.all.size() == 1);
    CHECK(what(errors.all[0].error) == "7");
}

TEST_CASE("a nameless subscription has a name in errors", "[errors]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto subscription = bus.subscribe<Tick>(fail, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    REQUIRE(errors.all.size() == 1);
    CHECK_FALSE(errors.all[0].handler.empty());
}

TEST_CASE("a failure is an event with the failed event as its cause", "[errors][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    std::vector<Record> seen;
    const auto watcher = bus.subscribe<HandlerError>([&](const Record& record) { seen.push_back(record); },
                                                     {.delivery = Delivery::direct});
    const auto subscription = bus.subscribe<Tick>(fail, {.name = "failing", .delivery = Delivery::direct});
    const auto receipt = bus.emit(Tick{}, {.correlation = "order-7"});
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].name() == "hindsight.handler_error");
    CHECK(seen[0].cause() == receipt.seq);
    CHECK(seen[0].correlation() == "order-7");
    CHECK(seen[0].severity() == hindsight::Severity::error);
    CHECK(seen[0].as<HandlerError>().handler == "failing");
    CHECK(seen[0].as<HandlerError>().record.seq() == receipt.seq);
    CHECK(bus.history().query({.name = "hindsight.handler_error"}).size() == 1);
}

TEST_CASE("failures are not among the events that a wildcard asks for", "[errors]") {
    Errors errors;
    EventBus bus(errors.options());
    std::string names;
    const auto all = bus.subscribe("*", [&](const Record& record) { names += std::string(record.name()) + " "; },
                                   {.delivery = Delivery::direct, .priority = -1});
    const auto library =
        bus.subscribe("hindsight.*", [&](const Record&) { names += "error "; }, {.delivery = Delivery::direct});
    const auto failing = bus.subscribe<Tick>(fail, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(names == "error test.tick ");
    CHECK(bus.history().query().size() == 1);
}

TEST_CASE("the bus keeps the last failures of each subscription apart from other events", "[errors]") {
    Errors errors;
    auto options = errors.options();
    options.history.capacity = 4;
    EventBus bus(options);
    const auto rare = bus.subscribe<Tock>(fail, {.name = "rare", .delivery = Delivery::direct});
    const auto frequent = bus.subscribe<Tick>(fail, {.name = "frequent", .delivery = Delivery::direct});
    bus.emit(Tock{});
    for (int i = 0; i < 50; ++i) bus.emit(Tick{});
    int of_rare = 0, of_frequent = 0;
    for (const auto& failure : bus.history().query<HandlerError>({.name = "hindsight.handler_error"})) {
        ++(failure->handler == "rare" ? of_rare : of_frequent);
    }
    CHECK(of_rare == 1);
    CHECK(of_frequent == 16);
    CHECK(errors.all.size() == 51);
}

TEST_CASE("a HandlerError of the program's own, without an error, does no harm", "[errors]") {
    std::string shown;
    EventBus bus;
    const auto watcher = bus.subscribe<HandlerError>([&](const Record& record) { shown = hindsight::to_json(record); },
                                                     {.delivery = Delivery::direct});
    CHECK(bus.emit(HandlerError{}));
    CHECK(shown.find(R"("error":"")") != std::string::npos);
}

/// What is written to stderr while it lives.
class StandardError {
public:
    StandardError() {
        std::fflush(stderr);
        dup2(fileno(file_), STDERR_FILENO);
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;
    ~StandardError() {
        restore();
        close(original_);
        std::fclose(file_);
    }
    std::string text() {
        restore();
        std::rewind(file_);
        std::string all;
        for (int character = std::fgetc(file_); character != EOF; character = std::fgetc(file_)) {
            all += static_cast<char>(character);
        }
        return all;
    }

private:
    void restore() {
        std::fflush(stderr);
        dup2(original_, STDERR_FILENO);
    }
    int original_ = dup(STDERR_FILENO);
    std::FILE* file_ = std::tmpfile();
};

TEST_CASE("without an error handler a failure is one line that steers no terminal", "[errors]") {
    EventBus bus;
    const auto failing =
        bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("first\nsecond \x1b[31mred\x7f"); },
                            {.name = "a\rb", .delivery = Delivery::direct});
    StandardError written;
    bus.emit(Tick{});
    CHECK(written.text() == "hindsight: handler a b of \"test.tick\" failed (1 time): first second  [31mred\\u007f\n");
}

TEST_CASE("a failing handler of failures does not recurse", "[errors][promise-3]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    Errors errors;
    EventBus bus(errors.options());
    std::atomic<int> calls{0};
    const auto watcher = bus.subscribe<HandlerError>(
        [&](const HandlerError&) {
            ++calls;
            throw std::runtime_error("watcher fails");
        },
        {.name = "watcher", .delivery = delivery});
    const auto failing = bus.subscribe<Tick>(fail, {.name = "failing", .delivery = Delivery::direct});
    bus.emit(Tick{});
    bus.shutdown(patience);
    CHECK(calls == 1);
    REQUIRE(errors.all.size() == 2);
    CHECK(errors.all[0].handler != errors.all[1].handler);
    CHECK(bus.history().query({.name = "hindsight.handler_error"}).size() == 1);
}

TEST_CASE("what a handler of failures emits does not bring about further failures as events", "[errors][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto watcher =
        bus.subscribe<HandlerError>([&](const HandlerError&) { bus.emit(Tick{}); }, {.delivery = Delivery::direct});
    const auto failing = bus.subscribe<Tick>(fail, {.name = "failing", .delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(failing.stats().delivered == 2);
    CHECK(errors.all.size() == 2);
    CHECK(watcher.stats().delivered == 1);
}

TEST_CASE("an error handler that throws is ignored", "[errors][promise-3]") {
    EventBus bus({.on_error = [](const HandlerError&) { throw std::logic_error("worse"); }});
    const auto failing = bus.subscribe<Tick>(fail, {.delivery = Delivery::direct, .priority = 1});
    int calls = 0;
    const auto working = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct});
    CHECK_NOTHROW(bus.emit(Tick{}));
    CHECK(calls == 1);
    CHECK(failing.stats().failed == 1);
}

TEST_CASE("the error handler may use the bus", "[errors]") {
    int told = 0;
    EventBus* self = nullptr;
    EventBus bus({.on_error = [&](const HandlerError&) {
        if (++told < 3) self->emit(Tick{});
        self->stats();
    }});
    self = &bus;
    const auto failing = bus.subscribe<Tick>(fail, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(told == 3);
}

TEST_CASE("a filter that throws passes nothing and is reported like a handler", "[errors][promise-3]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    Errors errors;
    EventBus bus(errors.options());
    int calls = 0;
    const auto filtered = bus.subscribe<Tick>(
        [&](const Tick&) { ++calls; }, {.name = "picky", .delivery = delivery, .filter = [](const Record&) -> bool {
                                            throw std::runtime_error("no");
                                        }});
    int others = 0;
    const auto other = bus.subscribe<Tick>([&](const Tick&) { ++others; }, {.delivery = Delivery::direct});
    const auto receipt = bus.emit(Tick{});
    CHECK(receipt.matched == 1);
    CHECK(calls == 0);
    CHECK(others == 1);
    REQUIRE(errors.all.size() == 1);
    CHECK(errors.all[0].handler == "picky");
    CHECK(errors.all[0].record.seq() == receipt.seq);
    CHECK(what(errors.all[0].error) == "no");
    CHECK(filtered.stats().failed == 1);
    CHECK(filtered.stats().filtered == 0);
    CHECK(filtered.stats().delivered == 0);
}

TEST_CASE("failures of events that history does not keep are reported with their record", "[errors]") {
    Errors errors;
    auto options = errors.options();
    options.history = {.capacity = 0};
    EventBus bus(options);
    const auto failing = bus.subscribe<Tick>(fail, {.delivery = Delivery::direct});
    const auto receipt = bus.emit(Tick{9}, {.source = "s", .key = "k", .correlation = "c"});
    REQUIRE(errors.all.size() == 1);
    const Record& record = errors.all[0].record;
    CHECK(record.seq() == receipt.seq);
    CHECK(record.as<Tick>().number == 9);
    CHECK(record.source() == "s");
    CHECK(record.key() == "k");
    CHECK(record.correlation() == "c");
}

TEST_CASE("a receiver of errors may disconnect the subscription that failed", "[errors]") {
    Subscription failing;
    EventBus bus({.on_error = [&](const HandlerError&) { failing.disconnect(); }});
    failing = bus.subscribe<Tick>(fail, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    bus.emit(Tick{});
    CHECK_FALSE(failing.connected());
    CHECK(failing.stats().failed == 1);
}

}  // namespace
