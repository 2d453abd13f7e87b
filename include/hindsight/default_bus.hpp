// The default bus: one for the whole process, for programs that do not want to hand a bus around. Opt-in: who can hand
// one around should.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/options.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace hindsight {

/// The bus of the process, which the first call makes. The program and its shared libraries get the same one, if they
/// share one copy of hindsight, as they have to for sharing any bus: the shared library, or the program's own,
/// exported.
///
/// It is never destroyed, so constructors and destructors of static objects may use it in any order. When the process
/// exits it is shut down, at the place in the order of static destruction that its first use gave it: queued events are
/// handled, for as long as `BusOptions::drain_on_destroy` says, and what is left goes to `on_error`. After that events
/// are refused (`Outcome::closed`), and history stays readable.
///
/// Thread-safe. The first call throws what the options make EventBus throw, and the next one tries again; later calls
/// cost a load and never throw.
HINDSIGHT_API EventBus& default_bus();

/// What the default bus is to be made with; a second call replaces the first one's. Thread-safe. Throws InvalidArgument
/// once the bus is made: some part of the program has used it before, perhaps in a static constructor.
HINDSIGHT_API void set_default_bus_options(BusOptions options);

namespace detail {

/// Thread-safe. No user code runs under its mutex.
class HINDSIGHT_API DefaultBus {
public:
    DefaultBus() = default;
    DefaultBus(const DefaultBus&) = delete;
    DefaultBus& operator=(const DefaultBus&) = delete;
    ~DefaultBus() { delete bus_.load(); }

    /// That of the process, which is never destroyed.
    static DefaultBus& instance();

    EventBus& get() {
        EventBus* const made = bus_.load(std::memory_order_acquire);
        return made != nullptr ? *made : make();
    }
    void set_options(BusOptions options);
    /// Shuts the bus down, if there is one, and reports what it could not deliver.
    void end() noexcept;

private:
    EventBus& make();
    bool publish(std::unique_ptr<EventBus>& fresh, const std::shared_ptr<const BusOptions>& options);

    std::atomic<EventBus*> bus_{nullptr};
    std::mutex mutex_;
    std::shared_ptr<const BusOptions> options_ HINDSIGHT_GUARDED_BY(mutex_);  // null: the defaults
};

}  // namespace detail
}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/default_bus.ipp>
#endif
