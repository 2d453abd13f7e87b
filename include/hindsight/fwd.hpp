// Forward declarations of the public types, for headers that only mention them. Defines nothing, includes nothing
// heavy.

#pragma once

#include <cstdint>

namespace hindsight {

/// The number of an event: 1, 2, 3 ... per bus, in the order of its history. 0 means "none".
using Seq = std::uint64_t;

enum class Severity : std::uint8_t;

template <class E>
struct EventTraits;
struct NamedEvent;
class Pattern;

class Record;
template <class E>
class TypedRecord;

struct CauseTree;
class Past;

struct Receipt;
struct Subscription;
struct Scheduled;
class DraftView;
class Middleware;
class Scope;
class ScopeHistory;
template <class E>
class Inbox;

class Task;
struct Executor;
struct Clock;

class EventStore;
class DeliveryLog;
class CallbackManager;
class ThreadPool;

struct BusOptions;
struct DefaultTraits;
template <class Traits>
class BasicEventBus;
using EventBus = BasicEventBus<DefaultTraits>;

}  // namespace hindsight
