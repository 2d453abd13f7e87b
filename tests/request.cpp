// Requests and replies: who is given which reply, what there is instead of one, and what history has of both.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/middlewares.hpp>
#include <hindsight/replaying.hpp>
#include <hindsight/request.hpp>
#include <hindsight/scope.hpp>
#include <hindsight/this_handler.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Closed;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::NoHandler;
using hindsight::PendingReply;
using hindsight::Record;
using hindsight::ReplyFailed;
using hindsight::RequestRefused;
using hindsight::RequestTimedOut;
using hindsight::WouldDeadlock;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

struct Question {
    static constexpr std::string_view event_name = "test.question";
    int number = 0;
};

struct Reply {
    static constexpr std::string_view event_name = "test.reply";
    int number = 0;
};

Reply doubled(const Question& question) {
    return {question.number * 2};
}

[[noreturn]] Reply refuse(const Question&) {
    throw std::runtime_error("no idea");
}

/// Holds up whoever replies until the test opens it.
struct Gate {
    void wait() const { opened.wait(); }
    void open() { opening.set_value(); }
    std::promise<void> opening;
    std::shared_future<void> opened = opening.get_future().share();
};

/// What a call throws, as text.
template <class E, class F>
std::string text_of(F call) {
    try {
        call();
    } catch (const E& error) {
        return error.what();
    }
    return "nothing was thrown";
}

TEST_CASE("the reply to a question comes back to whoever asks", "[request]") {
    const Delivery delivery = GENERATE(Delivery::queued, Delivery::direct);
    EventBus bus;
    const auto replying = bus.reply<Question>(doubled, {.delivery = delivery});
    const auto pending = bus.request<Reply>(Question{21}, 1h);
    CHECK(pending.get()->number == 42);
    CHECK(pending.get()->number == 42);
    CHECK(pending.ready());
    CHECK(pending.wait_for(0ms));
    CHECK(bus.request<Reply>(Question{1}, 1h).get()->number == 2);
    CHECK(bus.stats().late_replies == 0);
}

TEST_CASE("a question and its reply are events like others, and tell what belongs together", "[request]") {
    EventBus bus;
    const auto replying = bus.reply<Question>(doubled, {.name = "doubler"});
    const auto reply = bus.request<Reply>(Question{1}, 1h, {.source = "asker"}).get();
    const auto questions = bus.history().query<Question>();
    const auto replies = bus.history().query<Reply>();
    REQUIRE(questions.size() == 1);
    REQUIRE(replies.size() == 1);
    CHECK(replies[0] == reply);
    CHECK(reply.cause() == questions[0].seq());
    CHECK(reply.source() == "doubler");
    CHECK(questions[0].source() == "asker");
    CHECK_FALSE(reply.correlation().empty());
    CHECK(reply.correlation() == questions[0].correlation());
    CHECK(bus.history().trace(questions[0].seq()).entries.size() == 2);

    SECTION("each request has a correlation of its own") {
        const auto other = bus.request<Reply>(Question{1}, 1h).get();
        CHECK(other.correlation() != reply.correlation());
    }
    SECTION("but for those that say one") {
        const auto other = bus.request<Reply>(Question{1}, 1h, {.correlation = "mine"}).get();
        CHECK(other.correlation() == "mine");
    }
    SECTION("or are asked in a handler") {
        std::optional<PendingReply<Reply>> asked;
        const auto asking = bus.subscribe<Tick>([&](const Tick&) { asked = bus.request<Reply>(Question{1}, 1h); });
        bus.emit(Tick{}, {.correlation = "order 17"}).wait();
        const auto other = asked->get();
        CHECK(other.correlation() == "order 17");
    }
    SECTION("metadata stays") {
        const auto pending = bus.request<Reply>(Question{1}, 1h, {.metadata = {{"a", "b"}}});
        const auto asked = bus.history().query<Question>({.limit = 1});
        CHECK(asked[0].metadata("a") == "b");
        CHECK(asked[0].metadata("hindsight.request"));
    }
}

TEST_CASE("the first reply counts, and the others are counted", "[request]") {
    EventBus bus;
    const auto first = bus.reply<Question>([](const Question&) { return Reply{1}; }, {.delivery = Delivery::direct});
    const auto second = bus.reply<Question>([](const Question&) { return Reply{2}; }, {.delivery = Delivery::direct});
    const auto pending = bus.request<Reply>(Question{}, 1h);
    CHECK(pending.get()->number == 1);
    CHECK(bus.history().query<Reply>().size() == 2);
    CHECK(bus.stats().late_replies == 1);
    bus.reset_stats();
    CHECK(bus.stats().late_replies == 0);
}

TEST_CASE("a question that nobody replies to is told at once", "[request]") {
    EventBus bus;
    SECTION("without a subscriber") {}
    SECTION("also when others see it who never come to an end") {
        auto inbox = bus.inbox("test.*");
        const auto pending = bus.request<Reply>(Question{}, 1h);
        CHECK(pending.ready());
        CHECK_THROWS_AS(pending.get(), NoHandler);
        return;
    }
    SECTION("when a filter turns it down") {
        const auto replying = bus.reply<Question>(
            doubled,
            {.filter = hindsight::where<Question>([](const Question& question) { return question.number > 0; })});
        CHECK(bus.request<Reply>(Question{1}, 1h).get()->number == 2);
        CHECK_THROWS_AS(bus.request<Reply>(Question{0}, 1h).get(), NoHandler);
    }
    SECTION("when the one who replied has ended") {
        bus.reply<Question>(doubled).disconnect();
    }
    SECTION("when whoever replies is paused") {
        auto replying = bus.reply<Question>(doubled);
        replying.pause();
        CHECK_THROWS_AS(bus.request<Reply>(Question{}, 1h).get(), NoHandler);
        return;
    }
    SECTION("when whoever replies has made its last delivery") {
        const auto replying = bus.reply<Question>(doubled, {.max_deliveries = 1});
        CHECK(bus.request<Reply>(Question{1}, 1h).get()->number == 2);
        CHECK_THROWS_AS(bus.request<Reply>(Question{}, 1h).get(), NoHandler);
    }
    const auto pending = bus.request<Reply>(Question{}, 1h);
    CHECK(pending.ready());
    CHECK(text_of<NoHandler>([&] { pending.get(); }) == "request \"test.question\": nobody replies to it");
    CHECK_THROWS_AS(bus.request_all<Reply>(Question{}, 1h).get(), NoHandler);
}

TEST_CASE("a question that whoever replies never comes to is told as soon as that is sure", "[request]") {
    const auto executor = std::make_shared<ManualExecutor>();
    std::optional<EventBus> bus(std::in_place);
    auto replying = bus->reply<Question>(doubled, {.executor = executor});
    const auto pending = bus->request<Reply>(Question{}, 1h);
    CHECK_FALSE(pending.ready());
    CHECK_FALSE(pending.wait_for(0ms));
    auto waiting = start([&] { return text_of<hindsight::Error>([&] { pending.get(); }); });
    SECTION("it is disconnected") {
        replying.disconnect();
        CHECK_THAT(get_soon(std::move(waiting)), Contains("has been ended, or was full"));
        CHECK_THROWS_AS(pending.get(), NoHandler);
    }
    SECTION("its executor drops the task") {
        executor->drop_all();
        get_soon(std::move(waiting));
        CHECK_THROWS_AS(pending.get(), NoHandler);
    }
    SECTION("the bus shuts down") {
        bus->shutdown(0ms);
        CHECK_THAT(get_soon(std::move(waiting)), Contains("shut down before anybody had replied"));
        CHECK_THROWS_AS(pending.get(), Closed);
    }
    SECTION("the bus is destroyed") {
        bus->shutdown(0ms);
        bus.reset();
        get_soon(std::move(waiting));
        CHECK_THROWS_AS(pending.get(), Closed);
    }
    executor->drop_all();
}

TEST_CASE("a shutdown lets those who have been asked reply", "[request][promise-8]") {
    EventBus bus;
    Gate gate;
    const auto replying = bus.reply<Question>([&](const Question& question) {
        gate.wait();
        return doubled(question);
    });
    const auto pending = bus.request<Reply>(Question{2}, 1h);
    auto ending = start([&] { return bus.shutdown(1h).drained; });
    spin_until([&] { return bus.emit(Tock{}).outcome == hindsight::Outcome::closed; });
    gate.open();
    CHECK(get_soon(std::move(ending)));
    CHECK(pending.get()->number == 4);
    CHECK_THROWS_AS(bus.request<Reply>(Question{}, 1h).get(), Closed);
    CHECK_THROWS_AS(bus.request_all<Reply>(Question{}, 1h).get(), Closed);
    CHECK_THROWS_AS(bus.reply<Question>(doubled), Closed);
}

TEST_CASE("a request whose time is over throws, and its reply stays an event", "[request][promise-8]") {
    EventBus bus;
    Gate gate;
    const auto replying = bus.reply<Question>([&](const Question& question) {
        gate.wait();
        return doubled(question);
    });
    const auto pending = bus.request<Reply>(Question{2}, 1ms);
    CHECK(text_of<RequestTimedOut>([&] { pending.get(); }) == "request \"test.question\": no reply in time");
    gate.open();
    pending.receipt().wait();
    CHECK_THROWS_AS(pending.get(), RequestTimedOut);
    CHECK(bus.history().query<Reply>().size() == 1);
    CHECK(bus.stats().late_replies == 1);
    CHECK_THROWS_AS(bus.request<Reply>(Question{}, -1ns), hindsight::InvalidArgument);
}

TEST_CASE("a request that nobody waits for leaves nothing behind", "[request][promise-7]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus({.history = {.capacity = 0}});
    const auto replying = bus.reply<Question>(doubled, {.executor = executor});
    const auto give_up = [&](int times) {
        for (int i = 0; i < times; ++i) static_cast<void>(bus.request<Reply>(Question{i}, 1h));
        executor->run_all();
    };
    give_up(10);
    CHECK(bus.stats().late_replies == 10);
    CHECK(bus.retire<Question, Reply>() == 0);
    give_up(1000);
    const std::size_t before = allocated_bytes;
    for (int i = 0; i < 20; ++i) give_up(1000);
    CHECK(allocated_bytes < before + 20'000);  // a byte for each
}

TEST_CASE("when memory runs out a question is either asked or not", "[request][promise-6]") {
    EventBus bus({.on_error = [](const auto&) {}});
    const auto replying = bus.reply<Question>(doubled, {.delivery = Delivery::direct});
    bool asked = false, replied = false;
    for (std::size_t given = 0; !replied; ++given) {
        const std::size_t before = bus.history().query<Question>().size();
        std::optional<PendingReply<Reply>> pending;
        try {
            const FailAllocationsAfter failing(given);
            pending = bus.request<Reply>(Question{1}, 1h);
        } catch (const std::bad_alloc&) {
            // It is as if it had not been made.
        }
        CHECK(bus.history().query<Question>().size() == before + (pending ? 1 : 0));
        CHECK_FALSE((asked && !pending));
        if (!pending) continue;
        asked = true;
        try {
            replied = pending->get()->number == 2;
        } catch (const hindsight::Error&) {
            // There was no memory for whoever replies.
        }
    }
}

TEST_CASE("what whoever replies throws comes back to whoever asks", "[request][promise-3]") {
    EventBus bus({.on_error = [](const auto&) {}});
    const auto replying = bus.reply<Question>(refuse, {.name = "clueless"});
    const auto pending = bus.request<Reply>(Question{}, 1h);
    try {
        pending.get();
        FAIL("it has not thrown");
    } catch (const ReplyFailed& failed) {
        CHECK(std::string(failed.what()) == "request \"test.question\": no idea");
        CHECK_THROWS_AS(std::rethrow_exception(failed.error), std::runtime_error);
    }
    pending.receipt().wait();
    const auto errors = bus.history().query<hindsight::HandlerError>();
    REQUIRE(errors.size() == 1);
    CHECK(errors[0]->handler == "clueless");
    CHECK(errors[0]->record.seq() == pending.receipt().seq);
    SECTION("but for somebody else's reply") {
        const auto other = bus.reply<Question>(doubled);
        CHECK(bus.request<Reply>(Question{1}, 1h).get()->number == 2);
        const auto all = bus.request_all<Reply>(Question{1}, 1h);
        CHECK(all.get().size() == 1);
        CHECK(all.failures().size() == 1);
        CHECK(all.complete());
    }
}

TEST_CASE("middleware stands before questions and replies, too", "[request]") {
    EventBus bus({.on_error = [](const auto&) {}});
    const auto replying = bus.reply<Question>(doubled);
    SECTION("a question that is vetoed") {
        const auto veto =
            bus.use<Question>([](hindsight::DraftView& draft) { draft.veto("not now"); }, {.name = "gatekeeper"});
        const auto pending = bus.request<Reply>(Question{}, 1h);
        CHECK(text_of<RequestRefused>([&] { pending.get(); }) ==
              "request \"test.question\": the question was refused by gatekeeper: not now");
        CHECK_THROWS_AS(bus.request_all<Reply>(Question{}, 1h).get(), RequestRefused);
    }
    SECTION("a question that is changed") {
        const auto change = bus.use<Question>([](Question& question) { question.number = 5; });
        CHECK(bus.request<Reply>(Question{1}, 1h).get()->number == 10);
    }
    SECTION("a reply that is vetoed") {
        const auto veto =
            bus.use<Reply>([](hindsight::DraftView& draft) { draft.veto("secret"); }, {.name = "gatekeeper"});
        const auto pending = bus.request<Reply>(Question{}, 1h);
        CHECK(text_of<ReplyFailed>([&] { pending.get(); }) ==
              "request \"test.question\": the reply \"test.reply\" was refused by gatekeeper: secret");
    }
    SECTION("a reply that is changed comes as it was emitted") {
        const auto change = bus.use<Reply>([](Reply& reply) { reply.number = -1; });
        const auto reply = bus.request<Reply>(Question{1}, 1h).get();
        CHECK(reply->number == -1);
        CHECK(bus.history().query<Reply>().front() == reply);
        CHECK(reply.cause() == bus.history().query<Question>().front().seq());
    }
}

TEST_CASE("a reply that nobody keeps and nobody else sees comes all the same", "[request]") {
    EventBus bus({.history = {.capacity = 0}});
    const auto replying = bus.reply<Question>(doubled);
    const auto reply = bus.request<Reply>(Question{2}, 1h).get();
    CHECK(reply->number == 4);
    CHECK(reply.seq() == 2);
}

TEST_CASE("a reply of another type than asked for is no reply", "[request]") {
    EventBus bus;
    const auto replying = bus.reply<Question>([](const Question&) { return Tock{}; });
    CHECK(text_of<ReplyFailed>([&] { bus.request<Reply>(Question{}, 1h).get(); }) ==
          "request \"test.question\": the reply is a \"test.tock\", and asked for was a \"test.reply\"");
    CHECK(bus.request<Tock>(Question{}, 1h).get().cause() != 0);
}

TEST_CASE("a direct handler of the reply that throws fails neither the reply nor whoever asks", "[request]") {
    EventBus bus({.errors = hindsight::ErrorPolicy::rethrow, .on_error = [](const auto&) {}});
    const auto replying = bus.reply<Question>(doubled);
    const auto failing =
        bus.subscribe<Reply>([](const Reply&) { throw std::runtime_error("broken"); }, {.delivery = Delivery::direct});
    CHECK(bus.request<Reply>(Question{1}, 1h).get()->number == 2);
}

TEST_CASE("all replies come in their order, as far as there was time", "[request]") {
    EventBus bus({.pool = {.threads = 3}, .on_error = [](const auto&) {}});
    std::vector<hindsight::Subscription> replying;
    for (int i = 0; i < 4; ++i) replying.push_back(bus.reply<Question>([i](const Question&) { return Reply{i}; }));
    SECTION("from all") {
        const auto pending = bus.request_all<Reply>(Question{}, 1h);
        const auto replies = pending.get();
        REQUIRE(replies.size() == 4);
        CHECK(std::ranges::is_sorted(replies, {}, &Record::seq));
        int sum = 0;
        for (const auto& each : replies) sum += each->number;
        CHECK(sum == 6);
        CHECK(pending.complete());
    }
    SECTION("without waiting for others who see the question") {
        auto inbox = bus.inbox<Question>();
        CHECK(bus.request_all<Reply>(Question{}, 1h).get().size() == 4);
    }
    SECTION("from those who are quick enough") {
        Gate gate;
        replying.push_back(bus.reply<Question>([&](const Question&) {
            gate.wait();
            return Reply{};
        }));
        const auto pending = bus.request_all<Reply>(Question{}, 1h);
        while (!pending.wait_for(1ms) && bus.history().query<Reply>().size() < 4) {}
        CHECK_FALSE(pending.complete());
        const auto hasty = bus.request_all<Reply>(Question{}, 1ms);
        CHECK(hasty.get().size() <= 4);
        CHECK_FALSE(hasty.complete());
        gate.open();
        CHECK(pending.get().size() == 5);
        CHECK(pending.complete());
    }
}

TEST_CASE("waiting for a reply where it could never come throws", "[request][promise-9]") {
    SECTION("inside a handler on the only thread of the pool") {
        EventBus bus({.pool = {.threads = 1}});
        const auto replying = bus.reply<Question>(doubled);
        std::promise<std::string> said;
        const auto asking = bus.subscribe<Tick>([&](const Tick&) {
            const auto pending = bus.request<Reply>(Question{}, 1h);
            said.set_value(text_of<WouldDeadlock>([&] { pending.get(); }));
        });
        bus.emit(Tick{});
        CHECK_THAT(get_soon(said.get_future()), Contains("inside a handler"));
    }
    SECTION("without a pool") {
        EventBus bus({.pool = {.threads = 0}});
        const auto replying = bus.reply<Question>(doubled);
        const auto pending = bus.request<Reply>(Question{1}, 1h);
        CHECK_THAT(text_of<WouldDeadlock>([&] { pending.get(); }), Contains("call run_pending() first"));
        CHECK_THROWS_AS(pending.wait_for(1h), WouldDeadlock);
        bus.run_pending();
        CHECK(pending.get()->number == 2);
    }
    SECTION("on a bus of one thread") {
        hindsight::SingleThreadedBus bus;
        const auto replying = bus.reply<Question>(doubled);
        const auto pending = bus.request<Reply>(Question{1}, 1h);
        CHECK_THROWS_AS(pending.get(), WouldDeadlock);
        bus.run_pending();
        CHECK(pending.get()->number == 2);
    }
    SECTION("on the executor of whoever replies") {
        const auto executor = std::make_shared<ManualExecutor>();
        executor->claims_this_thread = true;
        EventBus bus;
        const auto replying = bus.reply<Question>(doubled, {.executor = executor});
        CHECK_THROWS_AS(bus.request<Reply>(Question{}, 1h).get(), WouldDeadlock);
        executor->drop_all();
    }
    SECTION("but not where there is a reply, or none can come") {
        EventBus bus({.pool = {.threads = 1}});
        const auto replying = bus.reply<Question>(doubled, {.delivery = Delivery::direct});
        std::promise<int> said;
        const auto asking = bus.subscribe<Tick>(
            [&](const Tick&) { said.set_value(bus.request<Reply>(Question{4}, 1h).get()->number); });
        bus.emit(Tick{});
        CHECK(get_soon(said.get_future()) == 8);
    }
}

TEST_CASE("a question that is only emitted, or comes from a recording, gets its reply as an event", "[request]") {
    EventBus bus;
    const auto replying = bus.reply<Question>(doubled, {.delivery = Delivery::direct});
    SECTION("emitted") {
        const auto receipt = bus.emit(Question{3});
        const auto replies = bus.history().query<Reply>();
        REQUIRE(replies.size() == 1);
        CHECK(replies[0].cause() == receipt.seq);
        CHECK(bus.stats().late_replies == 0);
    }
    SECTION("replayed while its request is pending") {
        EventBus recorded;
        const auto executor = std::make_shared<ManualExecutor>();
        const auto slow = recorded.reply<Question>(doubled, {.executor = executor});
        const auto pending = recorded.request<Reply>(Question{3}, 1h);
        hindsight::replay(recorded.history().query(), bus.callbacks());
        CHECK(bus.history().query<Reply>().size() == 1);
        CHECK_FALSE(pending.ready());
        CHECK(bus.stats().late_replies == 0);
        executor->run_all();
        CHECK(pending.get()->number == 6);
    }
}

TEST_CASE("a question that is asked in a scope is for those who reply in it and above, and its reply is in the scope",
          "[request]") {
    EventBus bus{{.pool = {.threads = 0}}};
    const hindsight::Scope shop = bus.scope("shop");
    const hindsight::Scope till = bus.scope("shop.till");
    hindsight::Scope other = bus.scope("other");
    auto in_shop = shop.reply<Question>(doubled, {.name = "shop", .delivery = Delivery::direct});
    auto in_other = other.reply<Question>(refuse, {.delivery = Delivery::direct});
    std::vector<std::string> seen;
    auto seeing = till.subscribe<Reply>([&](const Record& reply) { seen.emplace_back(reply.source()); },
                                        {.delivery = Delivery::direct});

    const auto pending = till.request<Reply>(Question{4}, 10s);
    CHECK(pending.get()->number == 8);
    CHECK(seen == std::vector<std::string>{"shop"});
    const std::vector<Record> both = till.history().query();
    REQUIRE(both.size() == 2);
    CHECK(both[1].scope() == "shop.till");
    CHECK(both[1].cause() == both[0].seq());
    CHECK(both[1].correlation() == both[0].correlation());

    auto on_bus = bus.reply<Question>(doubled, {.delivery = Delivery::direct});
    CHECK(till.request_all<Reply>(Question{1}, 10s).get().size() == 2);
    CHECK(bus.request_all<Reply>(Question{1}, 10s).get().size() == 1);
    CHECK(bus.history().query<Reply>({.limit = 1})[0].scope().empty());
    CHECK(other.request_all<Reply>(Question{1}, 10s).failures().size() == 1);
    other.end();
    CHECK_THROWS_AS(other.request<Reply>(Question{1}, 10s), hindsight::InvalidArgument);
    const hindsight::Scope inner = shop.scope("inner");
    bus.shutdown(0s);
    CHECK_THROWS_AS(inner.request<Reply>(Question{1}, 10s).get(), Closed);
}

TEST_CASE("many threads that ask and reply get each their own", "[request]") {
    constexpr int askers = 3, questions = 200;
    CAPTURE(random_seed());
    EventBus bus({.pool = {.threads = 2}});
    const auto replying = bus.reply<Question>(doubled);
    const auto also_replying = bus.reply<Question>(doubled, {.mailbox = {.capacity = 4}});
    std::atomic<int> wrong{0};
    std::vector<std::future<void>> asking;
    for (int asker = 0; asker < askers; ++asker) {
        asking.push_back(start([&, asker] {
            for (int i = 0; i < questions; ++i) {
                const int number = asker * questions + i;
                if (i % 5 == 0) {
                    if (bus.request_all<Reply>(Question{number}, 1h).get().size() != 2) ++wrong;
                } else if (bus.request<Reply>(Question{number}, 1h).get()->number != 2 * number) {
                    ++wrong;
                }
            }
        }));
    }
    for (auto& each : asking) get_soon(std::move(each));
    CHECK(wrong == 0);
    bus.shutdown(1h);
    CHECK(bus.stats().emitted == 3 * askers * questions);
    CHECK(bus.stats().late_replies == askers * questions * 4 / 5);
}

}  // namespace
