// Requests in coroutines of Boost.Asio: waiting for replies, and giving them, without blocking a thread.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/executors.hpp"
#include "support/io_context.hpp"
#include "support/waiting.hpp"

#include <hindsight/coroutine.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/request.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using hindsight::completion;
using hindsight::EventBus;
using hindsight::PendingReplies;
using hindsight::PendingReply;
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

asio::awaitable<int> number_of(const PendingReply<Reply>* pending) {
    const auto reply = co_await completion(*pending);
    co_return reply->number;
}

asio::awaitable<std::size_t> count_of(const PendingReplies<Reply>* pending) {
    const auto replies = co_await completion(*pending);
    co_return replies.size();
}

asio::awaitable<Reply> doubled_later(const Question& question) {
    co_await pause_a_little();
    co_await wait_a_little(1);
    co_return Reply{question.number * 2};
}

asio::awaitable<Reply> refuse_later(const Question&) {
    co_await pause_a_little();
    throw std::runtime_error("no idea");
}

TEST_CASE("a coroutine waits for a reply without blocking its thread", "[request][coroutine]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus({.on_error = [](const auto&) {}});
    asio::io_context context;
    auto replying = bus.reply<Question>([](const Question& question) { return Reply{question.number * 2}; },
                                        {.executor = executor});
    const auto pending = bus.request<Reply>(Question{4}, 1h);
    auto future = asio::co_spawn(context, number_of(&pending), asio::use_future);
    SECTION("that is there") {
        executor->run_all();
        CHECK(run(context, std::move(future)) == 8);
    }
    SECTION("that comes") {
        run_ready(context);
        run_elsewhere([&] { return executor->run_one(); });
        CHECK(run(context, std::move(future)) == 8);
    }
    SECTION("that never comes") {
        run_ready(context);
        run_elsewhere([&] { return replying.disconnect(); });
        CHECK_THROWS_AS(run(context, std::move(future)), hindsight::NoHandler);
    }
    SECTION("that comes too late") {
        const auto hasty = bus.request<Reply>(Question{}, 1ms);
        CHECK_THROWS_AS(run(context, asio::co_spawn(context, number_of(&hasty), asio::use_future)),
                        hindsight::RequestTimedOut);
        executor->run_all();
        CHECK(bus.stats().late_replies == 1);
    }
    SECTION("until it is cancelled, which leaves the request as it is") {
        asio::cancellation_signal cancel;
        auto cancelled =
            asio::co_spawn(context, number_of(&pending), asio::bind_cancellation_slot(cancel.slot(), asio::use_future));
        run_ready(context);
        cancel.emit(asio::cancellation_type::terminal);
        run_ready(context);
        CHECK_THROWS_AS(get_soon(std::move(cancelled)), boost::system::system_error);
        executor->run_all();
        CHECK(run(context, std::move(future)) == 8);
    }
    SECTION("of all who reply") {
        const auto also = bus.reply<Question>([](const Question&) { return Reply{}; });
        const auto all = bus.request_all<Reply>(Question{}, 1h);
        auto count = asio::co_spawn(context, count_of(&all), asio::use_future);
        run_ready(context);
        executor->run_all();
        CHECK(run(context, std::move(count)) == 2);
    }
    executor->drop_all();
}

TEST_CASE("whoever replies may be a coroutine", "[request][coroutine]") {
    EventBus bus({.pool = {.threads = 2}, .on_error = [](const auto&) {}});
    std::optional replying(bus.reply<Question>(doubled_later, {.name = "doubler"}));
    const auto reply = bus.request<Reply>(Question{3}, 1h).get();
    CHECK(reply->number == 6);
    CHECK(reply.source() == "doubler");
    CHECK(reply.cause() == bus.history().query<Question>().front().seq());
    SECTION("one question after the other, for many that wait") {
        std::vector<PendingReply<Reply>> pending;
        for (int i = 0; i < 50; ++i) pending.push_back(bus.request<Reply>(Question{i}, 1h));
        int sum = 0;
        for (const auto& each : pending) sum += each.get()->number;
        CHECK(sum == 49 * 50);
    }
    SECTION("and throw") {
        replying = bus.reply<Question>(refuse_later);
        CHECK_THROWS_AS(bus.request<Reply>(Question{}, 1h).get(), hindsight::ReplyFailed);
        bus.shutdown(1h);
        CHECK(bus.stats().failed == 1);
    }
}

TEST_CASE("a handler that is a coroutine does not wait for a reply", "[request][coroutine][promise-9]") {
    EventBus bus({.pool = {.threads = 1}});
    const auto replying = bus.reply<Question>(doubled_later);
    std::promise<bool> said;
    const auto asking = bus.subscribe<Tick>([&](const Tick&) -> asio::awaitable<void> {
        const auto pending = bus.request<Reply>(Question{}, 1h);
        bool refused = false;
        try {
            co_await completion(pending);
        } catch (const hindsight::WouldDeadlock&) {
            refused = true;
        }
        said.set_value(refused);
    });
    bus.emit(Tick{});
    CHECK(get_soon(said.get_future()));
}

}  // namespace
