#pragma once

#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/watched.hpp>
#include <hindsight/error.hpp>

#include <bit>
#include <new>

namespace hindsight::detail {

namespace watched {

inline std::size_t places_for(std::size_t max_names) {
    if (max_names > (std::size_t{1} << 20U)) throw InvalidArgument("watch.max_names is over 2^20");
    return max_names == 0 ? 0 : std::bit_ceil(2 * max_names);
}

}  // namespace watched

HINDSIGHT_INLINE WatchedNames::WatchedNames(std::size_t max_names)
    : max_names_(max_names), places_(watched::places_for(max_names)),
      table_(std::make_unique<std::atomic<WatchedName*>[]>(places_)),
      others_(std::make_unique<WatchedName>("(other)")) {}

HINDSIGHT_INLINE WatchedNames::~WatchedNames() {
    for (std::size_t i = 0; i < places_; ++i) delete table_[i].load(std::memory_order_acquire);
}

HINDSIGHT_INLINE WatchedName& WatchedNames::of(std::string_view name) noexcept {
    if (places_ == 0) return *others_;
    for (std::size_t i = hash_text(name) & (places_ - 1);; i = (i + 1) & (places_ - 1)) {
        WatchedName* found = table_[i].load(std::memory_order_acquire);
        if (found == nullptr) found = fill(table_[i], name);
        if (found == nullptr) return *others_;
        if (found->name == name) return *found;
    }
}

HINDSIGHT_INLINE WatchedName* WatchedNames::fill(std::atomic<WatchedName*>& place, std::string_view name) noexcept {
    // Those that are being made count, too, so the table never has more than it may.
    if (used_.load(std::memory_order_relaxed) >= max_names_) return nullptr;
    if (used_.fetch_add(1, std::memory_order_relaxed) < max_names_) {
        try {
            auto made = std::make_unique<WatchedName>(name);
            WatchedName* there = nullptr;
            if (place.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel)) return made.release();
            used_.fetch_sub(1, std::memory_order_relaxed);
            return there;
        } catch (const std::bad_alloc&) {
            // There is no memory for its histograms: this run counts among the others.
        }
    }
    used_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
}

}  // namespace hindsight::detail
