#pragma once

#include <hindsight/detail/json_text.hpp>
#include <hindsight/watching.hpp>

namespace hindsight {

HINDSIGHT_INLINE std::string SlowHandler::event_json() const {
    std::string json;
    detail::JsonList members(json, '{', '}');
    detail::append_json_string(members.next("subscription"), subscription);
    detail::append_json_number(members.next("id"), id);
    detail::append_json_string(members.next("event"), record.name());
    detail::append_json_number(members.next("seq"), record.seq());
    detail::append_json_number(members.next("running"), std::int64_t{running.count()});
    detail::append_json_number(members.next("told"), std::uint64_t{told});
    members.end();
    return json;
}

HINDSIGHT_INLINE std::string SubscriptionQuarantined::event_json() const {
    std::string json;
    detail::JsonList members(json, '{', '}');
    detail::append_json_string(members.next("subscription"), subscription);
    detail::append_json_number(members.next("id"), id);
    detail::append_json_number(members.next("failures"), std::uint64_t{failures});
    detail::append_json_string(members.next("last_error"), last_error);
    members.end();
    return json;
}

HINDSIGHT_INLINE std::string UnhandledEvent::event_json() const {
    std::string json;
    detail::JsonList members(json, '{', '}');
    detail::append_json_string(members.next("event"), record.name());
    detail::append_json_number(members.next("seq"), record.seq());
    members.end();
    return json;
}

}  // namespace hindsight
