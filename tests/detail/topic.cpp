#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/detail/topic.hpp>
#include <hindsight/options.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::EventType;
using detail::Topic;
using detail::TopicsByType;

namespace {

TEST_CASE("a topic keeps its name and starts without subscribers", "[topic]") {
    std::string name = "a.name_known_at_run_time";
    const Topic topic(name, detail::event_type<NamedEvent>());
    name.assign(name.size(), 'x');
    CHECK(topic.name == "a.name_known_at_run_time");
    CHECK(topic.self_named);
    CHECK(topic.current.load() == nullptr);
    CHECK(topic.emitted.get() == 0);
    CHECK_FALSE(Topic("task.failed", detail::event_type<TaskFailed>()).self_named);
}

TEST_CASE("how a topic's events are kept is looked up, and known until history changes", "[topic]") {
    struct KeepAll {
        bool should_store(const Record&) const { return true; }
        std::size_t capacity() const { return 1; }
    };
    const auto look_up = [](Topic& topic, detail::Ledger& ledger) {
        CHECK_FALSE(topic.knows_retention(ledger.history_version));
        const std::lock_guard lock(ledger.mutex);
        topic.look_up_retention_locked(ledger);
    };
    const auto ledger_with = [](RetentionPolicy policy, std::size_t capacity = 10) {
        return detail::Ledger({.capacity = capacity, .policies = {{"task.*", policy}}}, true, 1);
    };
    Topic topic("task.failed", detail::event_type<TaskFailed>());
    SECTION("in the shared ring") {
        detail::Ledger ledger(HistoryOptions{}, true, 1);
        look_up(topic, ledger);
        CHECK(topic.knows_retention(ledger.history_version));
        CHECK(topic.keeping_at(ledger.history_version) == Topic::Keeping::kept);
        CHECK(topic.rule == &ledger.history.rule_for("task.failed"));
        ++ledger.history_version;
        CHECK_FALSE(topic.knows_retention(ledger.history_version));
    }
    SECTION("nowhere, by a rule that counts them") {
        detail::Ledger ledger = ledger_with(KeepNone{});
        look_up(topic, ledger);
        CHECK(topic.knows_retention(ledger.history_version));
        CHECK(topic.keeping_at(ledger.history_version) == Topic::Keeping::counted);
    }
    SECTION("nowhere, and nobody counts them") {
        detail::Ledger ledger(HistoryOptions{.capacity = 0}, true, 1);
        look_up(topic, ledger);
        CHECK(topic.knows_retention(ledger.history_version));
        CHECK(topic.keeping_at(ledger.history_version) == Topic::Keeping::none);
    }
    SECTION("by a user's policy, which has to be asked each time") {
        detail::Ledger ledger = ledger_with(KeepAll{});
        look_up(topic, ledger);
        CHECK(topic.knows_retention(ledger.history_version));
        CHECK(topic.keeping_at(ledger.history_version) == Topic::Keeping::asked);
    }
}

TEST_CASE("a topic tells whether its subscribers are still the same", "[topic]") {
    Topic topic("task.failed", detail::event_type<TaskFailed>());
    const detail::Snapshot mine, other;
    CHECK_FALSE(topic.has_still(mine));
    topic.current = &mine;
    CHECK(topic.has_still(mine));
    CHECK_FALSE(topic.has_still(other));
    topic.current = nullptr;
    CHECK_FALSE(topic.has_still(mine));
}

/// Descriptions of types and a topic for each, at places of their own.
struct ManyTypes {
    explicit ManyTypes(std::size_t count) : types(count, detail::event_type<TaskFailed>()) {
        for (std::size_t i = 0; i < count; ++i) {
            types[i].identity = i;
            topics.emplace_back("task.failed", types[i]);
        }
    }
    std::vector<EventType> types;
    std::deque<Topic> topics;
};

TEST_CASE("topics are found by the description of their type, however many there are", "[topic]") {
    ManyTypes many(1000);
    TopicsByType by_type;
    CHECK(by_type.find(many.types[0]) == nullptr);
    for (std::size_t i = 0; i < many.types.size(); ++i) {
        by_type.add(many.types[i], many.topics[i]);
        REQUIRE(by_type.find(many.types[i]) == &many.topics[i]);
    }
    for (std::size_t i = 0; i < many.types.size(); ++i) REQUIRE(by_type.find(many.types[i]) == &many.topics[i]);
    const EventType elsewhere = many.types[7];
    CHECK(by_type.find(elsewhere) == nullptr);

    by_type.add(many.types[7], many.topics[8]);  // is there already
    CHECK(by_type.find(many.types[7]) == &many.topics[7]);
}

TEST_CASE("a description that means another type now is not taken for the old one", "[topic]") {
    ManyTypes many(1);
    TopicsByType by_type;
    by_type.add(many.types[0], many.topics[0]);
    many.types[0].identity = 77;
    CHECK(by_type.find(many.types[0]) == nullptr);
    Topic other("task.completed", many.types[0]);
    by_type.add(many.types[0], other);
    CHECK(by_type.find(many.types[0]) == &other);
}

TEST_CASE("topics are found while others are added", "[topic]") {
    ManyTypes many(2000);
    TopicsByType by_type;
    std::atomic<std::size_t> added{0};
    std::atomic<bool> missed{false};
    {
        std::vector<std::jthread> readers;
        for (int reader = 0; reader < 2; ++reader) {
            readers.emplace_back([&] {
                for (std::size_t count = 0; count < many.types.size();) {
                    count = added.load(std::memory_order_acquire);
                    for (std::size_t i = count > 20 ? count - 20 : 0; i < count; ++i) {
                        if (by_type.find(many.types[i]) != &many.topics[i]) missed = true;
                    }
                }
            });
        }
        for (std::size_t i = 0; i < many.types.size(); ++i) {
            by_type.add(many.types[i], many.topics[i]);
            added.store(i + 1, std::memory_order_release);
        }
    }
    CHECK_FALSE(missed);
}

}  // namespace
