#include "support/catch.hpp"

#include <hindsight/detail/type_name.hpp>

#include <string_view>

namespace detail = hindsight::detail;

struct Tick {};
struct _Leading_ {};
struct __ {};  // NOLINT(bugprone-reserved-identifier): nothing is left of it when underscores are taken away

namespace type_name_test {

struct TaskCompleted {};
struct AgentHeartbeatMissed {};
struct HTTPRequest {};
struct task_completed {};
struct Vec3Changed {};
struct Vec3D {};
struct JSONParserHTTPError {};
struct TASK_DONE {};
struct Task__Done {};
struct XY {};
enum class OrderState { open };
enum PlainState { plain };

struct Outer {
    struct Inner {};
    enum class InnerState { idle };
};

inline namespace version_1 {
struct InlineEvent {};
}  // namespace version_1

template <class T>
struct Template {
    struct Nested {};
};

namespace {
struct Hidden {};
}  // namespace

}  // namespace type_name_test

using namespace type_name_test;

namespace {

template <class T>
std::string_view derived() {
    return detail::is_derivable<T> ? detail::derived_name_v<T> : "not derivable";
}

TEST_CASE("types have their qualified names at compile time", "[type_name]") {
    STATIC_REQUIRE(detail::qualified_type_name_v<TaskCompleted> == "type_name_test::TaskCompleted");
    STATIC_REQUIRE(detail::qualified_type_name_v<Tick> == "Tick");
    STATIC_REQUIRE(detail::qualified_type_name_v<int> == "int");
    STATIC_REQUIRE(detail::qualified_type_name_v<double> == "double");
    STATIC_REQUIRE(detail::qualified_type_name_v<Outer::Inner> == "type_name_test::Outer::Inner");
    STATIC_REQUIRE(detail::qualified_type_name_v<OrderState> == "type_name_test::OrderState");
    STATIC_REQUIRE(detail::qualified_type_name_v<Template<int>> == "type_name_test::Template<int>");
}

TEST_CASE("event names are derived from identifiers", "[type_name]") {
    CHECK(derived<TaskCompleted>() == "task.completed");
    CHECK(derived<AgentHeartbeatMissed>() == "agent.heartbeat_missed");
    CHECK(derived<HTTPRequest>() == "http.request");
    CHECK(derived<Tick>() == "tick");
    CHECK(derived<task_completed>() == "task.completed");
    CHECK(derived<Vec3Changed>() == "vec3.changed");
    CHECK(derived<Vec3D>() == "vec3.d");
    CHECK(derived<JSONParserHTTPError>() == "json.parser_http_error");
    CHECK(derived<TASK_DONE>() == "task.done");
    CHECK(derived<Task__Done>() == "task.done");
    CHECK(derived<_Leading_>() == "leading");
    CHECK(derived<XY>() == "xy");
    CHECK(derived<OrderState>() == "order.state");
    CHECK(derived<PlainState>() == "plain.state");
    STATIC_REQUIRE(detail::derived_name_v<TaskCompleted> == "task.completed");
}

TEST_CASE("only the identifier counts, not what it is nested in", "[type_name]") {
    CHECK(derived<Outer::Inner>() == "inner");
    CHECK(derived<Outer::InnerState>() == "inner.state");
    CHECK(derived<InlineEvent>() == "inline.event");
}

TEST_CASE("no name is derived from what has none of its own", "[type_name]") {
    CHECK_FALSE(detail::is_derivable<Template<int>>);
    CHECK_FALSE(detail::is_derivable<Template<int>::Nested>);
    CHECK_FALSE(detail::is_derivable<Hidden>);
    CHECK_FALSE(detail::is_derivable<decltype([] {})>);
    CHECK_FALSE(detail::is_derivable<__>);
#ifndef __clang__
    struct Local {};
    struct Enclosing {
        struct Deep {};
    };
    CHECK_FALSE(detail::is_derivable<Local>);
    CHECK_FALSE(detail::is_derivable<Enclosing::Deep>);
#endif
}

TEST_CASE("types that another file may have too are recognised", "[type_name]") {
    CHECK(detail::is_in_unnamed_namespace<Hidden>);
    CHECK(detail::is_in_unnamed_namespace<Template<Hidden>>);
    CHECK_FALSE(detail::is_in_unnamed_namespace<TaskCompleted>);
    CHECK_FALSE(detail::is_in_unnamed_namespace<Template<TaskCompleted>>);
}

}  // namespace
