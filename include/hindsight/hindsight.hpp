// Everything that most programs need. Optional components have headers of their own.
#pragma once

#include <hindsight/callback_manager.hpp>
#include <hindsight/cause_tree.hpp>
#include <hindsight/clock.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/executor.hpp>
#include <hindsight/format.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/middleware.hpp>
#include <hindsight/middlewares.hpp>
#include <hindsight/options.hpp>
#include <hindsight/past.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/query.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/record.hpp>
#include <hindsight/replay.hpp>
#include <hindsight/retention.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/subscription.hpp>
#include <hindsight/this_handler.hpp>
#include <hindsight/thread_pool.hpp>
#include <hindsight/version.hpp>
