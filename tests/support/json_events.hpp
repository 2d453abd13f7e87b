// Events that Boost.JSON can make, for tests of json.hpp and read_json_lines.hpp.
#pragma once

#include <hindsight/json.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::test {

BOOST_DEFINE_ENUM_CLASS(Urgency, low, high)

struct OrderLine {
    std::string article;
    int count = 0;
};
BOOST_DESCRIBE_STRUCT(OrderLine, (), (article, count))

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int id = 0;
    double price = 0;
    Urgency urgency{};
    std::optional<std::string> note = {};
    std::vector<OrderLine> lines = {};
    static constexpr auto event_key = &OrderPlaced::id;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (id, price, urgency, note, lines))

inline boost::json::value order_json(int id) {
    return {{"id", id}, {"price", 9.5}, {"urgency", "high"}, {"lines", {{{"article", "pen"}, {"count", 2}}}}};
}

/// Says itself how it is read.
struct OrderPaid {
    static constexpr std::string_view event_name = "order.paid";
    static inline std::function<void()> while_converting = [] {};
    std::int64_t cents = 0;

    friend OrderPaid tag_invoke(const boost::json::value_to_tag<OrderPaid>& /*tag*/, const boost::json::value& value) {
        while_converting();
        if (!value.is_int64()) throw std::runtime_error("an amount is a whole number");
        return {value.get_int64()};
    }
};

/// What is done while an OrderPaid is converted.
class WhileConverting {
public:
    explicit WhileConverting(std::function<void()> act) { OrderPaid::while_converting = std::move(act); }
    ~WhileConverting() {
        OrderPaid::while_converting = [] {};
    }
    WhileConverting(const WhileConverting&) = delete;
    WhileConverting& operator=(const WhileConverting&) = delete;
};

/// No JSON becomes one.
struct OrderLost {
    static constexpr std::string_view event_name = "order.lost";
    std::string_view where;
};

}  // namespace hindsight::test
