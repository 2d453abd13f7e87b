#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/detail/type_identity.hpp>

#include <string>
#include <string_view>

using namespace hindsight::test;
using hindsight::detail::EventType;
using hindsight::detail::TypeIdentity;
namespace detail = hindsight::detail;

namespace type_identity_test {

/// The same name, size and alignment as TaskFailed.
struct OtherTaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    std::string task_id;
};

namespace {
struct Hidden {
    static constexpr std::string_view event_name = "task.hidden";
};
}  // namespace

}  // namespace type_identity_test

namespace {

TEST_CASE("a type is known again by its contents, not by the place of its description", "[type_identity]") {
    const EventType& type = detail::event_type<TaskFailed>();
    const TypeIdentity identity(type);
    const EventType copy = type;  // as another shared library would have one
    CHECK(identity.is(type));
    CHECK(identity.is(copy));
    CHECK_FALSE(identity.is(detail::event_type<TaskCompleted>()));
    CHECK_FALSE(identity.is(detail::event_type<type_identity_test::OtherTaskFailed>()));

    EventType other = type;
    other.size += 8;
    CHECK_FALSE(identity.is(other));
    other = type;
    other.alignment *= 2;
    CHECK_FALSE(identity.is(other));
}

TEST_CASE("types of unnamed namespaces are known by the place of their description", "[type_identity]") {
    const EventType& type = detail::event_type<type_identity_test::Hidden>();
    const TypeIdentity identity(type);
    const EventType of_another_file = type;
    CHECK(identity.is(type));
    CHECK_FALSE(identity.is(of_another_file));
}

}  // namespace
