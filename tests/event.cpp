#include "support/catch.hpp"

#include <hindsight/detail/event_access.hpp>
#include <hindsight/event.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

using hindsight::Event;
using hindsight::Severity;
namespace detail = hindsight::detail;

namespace event_test {

struct TaskCompleted {};

enum class Side : std::int8_t { buy = -1, sell = 1 };

struct Described {
    static constexpr std::string_view event_name = "custom.described";
    static constexpr Severity event_severity = Severity::error;

    std::size_t event_payload_bytes() const { return 1000 + agent.size(); }

    std::string agent;

    static constexpr auto event_key = &Described::agent;
};

struct NamedByArray {
    static constexpr char event_name[] = "custom.array";
};

struct KeyedByFunction {
    const std::string& name() const { return text; }
    static constexpr auto event_key = &KeyedByFunction::name;

    std::string text;
};

struct KeyedByCallable {
    int id = 0;

    static constexpr auto event_key = [](const auto& event) { return "#" + std::to_string(event.id); };
};

struct KeyedByStaticFunction {
    static std::string_view event_key(const KeyedByStaticFunction& event) { return event.text; }

    std::string text;
};

struct KeyedByMemberFunction {
    std::int64_t event_key() const { return id; }

    std::int64_t id = 0;
};

struct KeyedByEnum {
    Side side = Side::buy;

    static constexpr auto event_key = &KeyedByEnum::side;
};

struct KeyedByUnsigned {
    std::uint64_t id = 0;

    static constexpr auto event_key = &KeyedByUnsigned::id;
};

struct KeyedByCharacters {
    char symbol[4] = {};

    static constexpr auto event_key = &KeyedByCharacters::symbol;
};

struct KeyedByCharacter {
    char side = 'B';

    static constexpr auto event_key = &KeyedByCharacter::side;
};

struct KeyThatThrows {
    static constexpr auto event_key = [](const KeyThatThrows&) -> std::string { throw std::runtime_error("no key"); };
};

struct Foreign {
    int shard = 0;
};

struct PartlyForeign {
    int shard = 0;
};

template <class T>
struct Generic {
    T value = {};
};

struct Renaming {
    std::string label;
};

struct NoMove {
    NoMove(NoMove&&) = delete;
};

struct ReadsAsText {
    operator std::string_view() const { return "text"; }  // NOLINT(google-explicit-constructor)
};

union Union {
    int number;
};

}  // namespace event_test

template <>
struct hindsight::EventTraits<event_test::Foreign> : hindsight::DefaultEventTraits<event_test::Foreign> {
    static constexpr std::string_view name = "foreign.event";
    static int key(const event_test::Foreign& event) { return event.shard; }
};

template <>
struct hindsight::EventTraits<event_test::PartlyForeign> {
    static constexpr Severity severity = Severity::debug;
};

template <class T>
struct hindsight::EventTraits<event_test::Generic<T>> {
    static constexpr std::string_view name = "generic.event";
};

template <>
struct hindsight::EventTraits<event_test::Renaming> {
    static std::string_view name_of(const event_test::Renaming& event) { return event.label; }
};

using namespace event_test;

namespace {

template <class E>
std::string key_of(const E& event) {
    return std::string(detail::event_key(event).view());
}

TEST_CASE("events are movable classes and enumerations that are no text", "[event]") {
    STATIC_REQUIRE(Event<TaskCompleted>);
    STATIC_REQUIRE(Event<Side>);
    STATIC_REQUIRE(Event<hindsight::NamedEvent>);
    STATIC_REQUIRE(Event<std::unique_ptr<int>>);
    STATIC_REQUIRE_FALSE(Event<const TaskCompleted>);
    STATIC_REQUIRE_FALSE(Event<TaskCompleted&>);
    STATIC_REQUIRE_FALSE(Event<TaskCompleted*>);
    STATIC_REQUIRE_FALSE(Event<int>);
    STATIC_REQUIRE_FALSE(Event<void>);
    STATIC_REQUIRE_FALSE(Event<std::string>);
    STATIC_REQUIRE_FALSE(Event<ReadsAsText>);
    STATIC_REQUIRE_FALSE(Event<NoMove>);
    STATIC_REQUIRE_FALSE(Event<Union>);
}

TEST_CASE("the name comes from the event, its traits or its type", "[event]") {
    STATIC_REQUIRE(detail::event_name_v<TaskCompleted> == "task.completed");
    STATIC_REQUIRE(detail::event_name_v<Side> == "side");
    STATIC_REQUIRE(detail::event_name_v<Described> == "custom.described");
    STATIC_REQUIRE(detail::event_name_v<NamedByArray> == "custom.array");
    STATIC_REQUIRE(detail::event_name_v<Foreign> == "foreign.event");
    STATIC_REQUIRE(detail::event_name_v<PartlyForeign> == "partly.foreign");
    STATIC_REQUIRE(detail::event_name_v<Generic<int>> == "generic.event");
    STATIC_REQUIRE(hindsight::EventTraits<TaskCompleted>::name == "task.completed");
    STATIC_REQUIRE(detail::category_of(detail::event_name_v<TaskCompleted>) == "task");
    STATIC_REQUIRE_FALSE(detail::is_library_name(detail::event_name_v<TaskCompleted>));
    CHECK(detail::event_name_of(TaskCompleted{}) == "task.completed");
}

TEST_CASE("events can name themselves", "[event]") {
    STATIC_REQUIRE(detail::is_self_named<hindsight::NamedEvent>);
    STATIC_REQUIRE(detail::is_self_named<Renaming>);
    STATIC_REQUIRE_FALSE(detail::is_self_named<TaskCompleted>);
    STATIC_REQUIRE(detail::event_name_v<hindsight::NamedEvent>.empty());
    STATIC_REQUIRE(detail::event_name_v<Renaming>.empty());

    const hindsight::NamedEvent named{"system.init"};
    CHECK(detail::event_name_of(named) == "system.init");
    CHECK(detail::event_name_of(named).data() == named.name.data());
    const Renaming renaming{"label.one"};
    CHECK(detail::event_name_of(renaming) == "label.one");
}

TEST_CASE("the severity is info unless the event or its traits say otherwise", "[event]") {
    STATIC_REQUIRE(detail::event_severity_v<TaskCompleted> == Severity::info);
    STATIC_REQUIRE(detail::event_severity_v<Described> == Severity::error);
    STATIC_REQUIRE(detail::event_severity_v<Foreign> == Severity::info);
    STATIC_REQUIRE(detail::event_severity_v<PartlyForeign> == Severity::debug);
    STATIC_REQUIRE(detail::event_severity_v<Renaming> == Severity::info);
}

TEST_CASE("the payload's size is that of the type unless the event measures it", "[event]") {
    CHECK(detail::event_payload_bytes(TaskCompleted{}) == sizeof(TaskCompleted));
    CHECK(detail::event_payload_bytes(Described{"ab"}) == 1002);
    CHECK(detail::event_payload_bytes(PartlyForeign{}) == sizeof(PartlyForeign));
}

TEST_CASE("events have a key only if they say so", "[event]") {
    STATIC_REQUIRE_FALSE(detail::has_event_key<TaskCompleted>);
    STATIC_REQUIRE_FALSE(detail::has_event_key<Side>);
    STATIC_REQUIRE_FALSE(detail::has_event_key<PartlyForeign>);
    STATIC_REQUIRE_FALSE(detail::has_event_key<hindsight::NamedEvent>);
    STATIC_REQUIRE(detail::has_event_key<Described>);
    STATIC_REQUIRE(detail::has_event_key<Foreign>);
    STATIC_REQUIRE(detail::has_event_key<KeyedByMemberFunction>);
}

TEST_CASE("keys that are text of the event are not copied", "[event]") {
    const Described by_member{"agent-7"};
    CHECK(detail::event_key(by_member).view().data() == by_member.agent.data());
    CHECK(key_of(by_member) == "agent-7");

    const KeyedByFunction by_function{"name"};
    CHECK(detail::event_key(by_function).view().data() == by_function.text.data());

    const KeyedByStaticFunction by_static_function{"text"};
    CHECK(detail::event_key(by_static_function).view().data() == by_static_function.text.data());
}

TEST_CASE("computed keys are text of their own", "[event]") {
    CHECK(key_of(KeyedByCallable{12}) == "#12");
    CHECK(key_of(KeyedByCallable{-2'000'000'000}) == "#-2000000000");
    CHECK_THROWS_WITH(detail::event_key(KeyThatThrows{}), "no key");
}

TEST_CASE("numbers and enumerators are keys in decimal", "[event]") {
    CHECK(key_of(KeyedByMemberFunction{std::numeric_limits<std::int64_t>::min()}) == "-9223372036854775808");
    CHECK(key_of(KeyedByUnsigned{std::numeric_limits<std::uint64_t>::max()}) == "18446744073709551615");
    CHECK(key_of(KeyedByEnum{Side::buy}) == "-1");
    CHECK(key_of(Foreign{42}) == "42");
}

TEST_CASE("characters are keys as they are", "[event]") {
    CHECK(key_of(KeyedByCharacter{'S'}) == "S");
    CHECK(key_of(KeyedByCharacters{{'E', 'U', 0, 'X'}}) == "EU");
    CHECK(key_of(KeyedByCharacters{{'E', 'U', 'R', 'X'}}) == "EURX");
}

}  // namespace
