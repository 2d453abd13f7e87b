#include "support/catch.hpp"

#include <hindsight/error.hpp>

#include <concepts>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace {

TEMPLATE_TEST_CASE("every error is an Error and carries its message", "[error]", hindsight::InvalidName,
                   hindsight::InvalidArgument, hindsight::BadEventCast, hindsight::TypeConflict,
                   hindsight::WouldDeadlock) {
    STATIC_REQUIRE(std::derived_from<TestType, hindsight::Error>);
    STATIC_REQUIRE(std::derived_from<TestType, std::runtime_error>);
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<TestType>);
    try {
        throw TestType(std::string("what went wrong"));
    } catch (const hindsight::Error& error) {
        REQUIRE(std::string(error.what()) == "what went wrong");
    }
}

TEST_CASE("errors of different kinds are told apart", "[error]") {
    STATIC_REQUIRE_FALSE(std::derived_from<hindsight::InvalidName, hindsight::InvalidArgument>);
    const auto throw_name = [] { throw hindsight::InvalidName("name"); };
    REQUIRE_THROWS_AS(throw_name(), hindsight::InvalidName);
}

}  // namespace
