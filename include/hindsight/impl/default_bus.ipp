#pragma once

#include <hindsight/default_bus.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/error.hpp>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace hindsight {

namespace detail {

HINDSIGHT_INLINE DefaultBus& DefaultBus::instance() {
    static DefaultBus* const instance = new DefaultBus;
    return *instance;
}

// Options are copied and buses are made outside the mutex, for that may run user code, which may come back here. Of
// several that are made at the same time the first one with the options of the moment stays.

HINDSIGHT_INLINE EventBus& DefaultBus::make() {
    for (;;) {
        std::shared_ptr<const BusOptions> options;
        {
            const std::lock_guard lock(mutex_);
            options = options_;
        }
        auto fresh = std::make_unique<EventBus>(options ? *options : BusOptions());
        if (EventBus* const made = bus_.load(std::memory_order_acquire)) return *made;
        if (publish(fresh, options)) return *bus_.load(std::memory_order_acquire);
    }
}

HINDSIGHT_INLINE bool DefaultBus::publish(std::unique_ptr<EventBus>& fresh,
                                          const std::shared_ptr<const BusOptions>& options) {
    const std::lock_guard lock(mutex_);
    if (bus_.load(std::memory_order_relaxed) != nullptr) return true;
    if (options_ != options) return false;
    if (this == &instance() && std::atexit([] { instance().end(); }) != 0) throw std::bad_alloc();
    bus_.store(fresh.release(), std::memory_order_release);
    return true;
}

HINDSIGHT_INLINE void DefaultBus::set_options(BusOptions options) {
    std::shared_ptr<const BusOptions> replaced = std::make_shared<const BusOptions>(std::move(options));
    const std::lock_guard lock(mutex_);
    if (bus_.load(std::memory_order_relaxed) != nullptr) {
        throw InvalidArgument("set_default_bus_options: the default bus has been used already; set its options first");
    }
    options_.swap(replaced);
}

HINDSIGHT_INLINE void DefaultBus::end() noexcept {
    EventBus* const bus = bus_.load(std::memory_order_acquire);
    if (bus == nullptr) return;
    std::shared_ptr<const BusOptions> options;
    {
        const std::lock_guard lock(mutex_);
        options = options_;
    }
    bus->callbacks().hub().end(options ? options->drain_on_destroy : BusOptions().drain_on_destroy);
}

}  // namespace detail

HINDSIGHT_INLINE EventBus& default_bus() {
    return detail::DefaultBus::instance().get();
}

HINDSIGHT_INLINE void set_default_bus_options(BusOptions options) {
    detail::DefaultBus::instance().set_options(std::move(options));
}

}  // namespace hindsight
