// The way into the hub for events that are to be emitted later.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/when.hpp>
#include <hindsight/scheduled.hpp>

namespace hindsight::detail {

/// Hub::schedule, as a function that headers can call without knowing Hub.
HINDSIGHT_API Scheduled schedule(Hub& hub, const Draft& draft, const When& when);

}  // namespace hindsight::detail
