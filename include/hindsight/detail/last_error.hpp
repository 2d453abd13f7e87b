// LastError: what the newest failure said, and when. The lock guards the pointer alone; texts are made and freed
// outside it.
#pragma once

#include <hindsight/detail/short_lock.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/types.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace hindsight::detail {

class LastError {
public:
    struct Entry {
        std::string text;
        TimePoint time;
    };
    using EntryPtr = std::shared_ptr<const Entry>;

    /// Null: there is none (any more).
    void set(EntryPtr entry) noexcept {
        const std::lock_guard lock(lock_);
        entry_.swap(entry);
    }
    EntryPtr get() const noexcept {
        const std::lock_guard lock(lock_);
        return entry_;
    }
    /// To the statistics' fields, if there is one. Throws std::bad_alloc.
    void show(std::string& text, TimePoint& time) const {
        const EntryPtr entry = get();
        if (entry == nullptr) return;
        text = entry->text;
        time = entry->time;
    }

private:
    mutable ShortLock lock_;
    EntryPtr entry_ HINDSIGHT_GUARDED_BY(lock_);
};

}  // namespace hindsight::detail
