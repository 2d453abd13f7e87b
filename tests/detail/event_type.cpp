#include "support/catch.hpp"

#include <hindsight/detail/event_type.hpp>

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <typeinfo>

namespace detail = hindsight::detail;

namespace event_type_test {

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    static constexpr auto event_severity = hindsight::Severity::warning;

    std::shared_ptr<int> quantity;
};

struct alignas(64) OrderMoved {
    int steps = 0;
};

struct OtherOrderPlaced {
    static constexpr std::string_view event_name = "order.placed";

    std::shared_ptr<int> quantity;
};

enum class Signal { stop };

namespace {
struct Hidden {
    static constexpr std::string_view event_name = "order.hidden";
};
}  // namespace

}  // namespace event_type_test

using namespace event_type_test;

namespace {

TEST_CASE("an event type is described by a constant", "[event_type]") {
    constexpr const detail::EventType& type = detail::event_type_v<OrderPlaced>;
    STATIC_REQUIRE(type.name == "order.placed");
    STATIC_REQUIRE(type.size == sizeof(OrderPlaced));
    STATIC_REQUIRE(type.alignment == alignof(OrderPlaced));
    STATIC_REQUIRE(type.severity == hindsight::Severity::warning);
    STATIC_REQUIRE_FALSE(type.self_named);
    STATIC_REQUIRE_FALSE(type.unnamed_namespace);
    CHECK(*type.info == typeid(OrderPlaced));
    CHECK(&detail::event_type<OrderPlaced>() == &type);

    STATIC_REQUIRE(detail::event_type_v<OrderMoved>.alignment == 64);
    STATIC_REQUIRE(detail::event_type_v<OrderMoved>.name == "order.moved");
    STATIC_REQUIRE(detail::event_type_v<Signal>.name == "signal");
    STATIC_REQUIRE(detail::event_type_v<Hidden>.unnamed_namespace);
    STATIC_REQUIRE(detail::event_type_v<hindsight::NamedEvent>.self_named);
    STATIC_REQUIRE(detail::event_type_v<hindsight::NamedEvent>.name.empty());
}

TEST_CASE("payloads are destroyed through the description", "[event_type]") {
    CHECK(detail::event_type_v<OrderMoved>.destroy == nullptr);
    CHECK(detail::event_type_v<Signal>.destroy == nullptr);

    const auto quantity = std::make_shared<int>(3);
    alignas(OrderPlaced) std::byte storage[sizeof(OrderPlaced)];
    void* const event = ::new (static_cast<void*>(storage)) OrderPlaced{quantity};
    CHECK(quantity.use_count() == 2);
    detail::event_type_v<OrderPlaced>.destroy(event);
    CHECK(quantity.use_count() == 1);
}

TEST_CASE("payloads are written as JSON through the description", "[event_type]") {
    std::string text;
    const OrderMoved moved;
    detail::event_type_v<OrderMoved>.append_json(&moved, text);
    CHECK(text == R"({"type":"event_type_test::OrderMoved","size":64})");

    text.clear();
    const hindsight::NamedEvent named{"system.init"};
    detail::event_type_v<hindsight::NamedEvent>.append_json(&named, text);
    CHECK(text == "{}");
}

TEST_CASE("the identity is a constant of name, type, size and alignment", "[event_type]") {
    constexpr std::uint64_t identity = detail::event_type_v<OrderPlaced>.identity;
    CHECK(identity == detail::event_identity<OrderPlaced>());
    CHECK(identity != detail::event_type_v<OtherOrderPlaced>.identity);
    CHECK(identity != detail::event_type_v<OrderMoved>.identity);
    STATIC_REQUIRE(detail::hash_text("") == 0xcbf29ce484222325U);
    STATIC_REQUIRE(detail::hash_text("a") == 0xaf63dc4c8601ec8cU);  // published test vectors
    STATIC_REQUIRE(detail::hash_text("foobar") == 0x85944171f73967e8U);
}

TEST_CASE("types are compared by contents", "[event_type]") {
    const detail::EventType& type = detail::event_type_v<OrderPlaced>;
    const detail::EventType copy = type;  // as another shared library would have one
    CHECK(detail::same_type(type, type));
    CHECK(detail::same_type(type, copy));
    CHECK_FALSE(detail::same_type(type, detail::event_type_v<OtherOrderPlaced>));
    CHECK_FALSE(detail::same_type(type, detail::event_type_v<OrderMoved>));

    detail::EventType other = type;
    other.name = "order.renamed";
    CHECK_FALSE(detail::same_type(type, other));
    other = type;
    other.size += 8;
    CHECK_FALSE(detail::same_type(type, other));
    other = type;
    other.alignment *= 2;
    CHECK_FALSE(detail::same_type(type, other));
    other = type;
    other.info = &typeid(OtherOrderPlaced);
    CHECK_FALSE(detail::same_type(type, other));
}

TEST_CASE("types of unnamed namespaces are compared by address", "[event_type]") {
    const detail::EventType& type = detail::event_type_v<Hidden>;
    const detail::EventType of_another_file = type;
    CHECK(detail::same_type(type, type));
    CHECK_FALSE(detail::same_type(type, of_another_file));
}

}  // namespace
