// Readers: what an inbox has in place of a handler: who reads it, how those who wait are woken, and what was left in
// its mailbox when the bus ended.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/backlog.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace hindsight::detail {

struct ThreadSlot;

class HINDSIGHT_API Readers {
public:
    /// `alone`: no other thread may emit, so waiting would be in vain.
    explicit Readers(bool alone) noexcept : alone_(alone) {}
    bool alone() const noexcept { return alone_; }

    /// Moves when there may be something to read again, or when there will be nothing any more. Read it, then look for
    /// a record, then wait for it to move.
    std::atomic<std::uint32_t> epoch{0};
    void wake() noexcept;

    /// The thread of the last reader. It must not wait for room that only it would make.
    void read_by(const ThreadSlot& slot) noexcept {
        if (reader_.load(std::memory_order_relaxed) != &slot) reader_.store(&slot, std::memory_order_relaxed);
    }
    /// A coroutine reads, so the next one may be any thread.
    void read_anywhere() noexcept { anywhere_.store(true, std::memory_order_relaxed); }
    bool runs_here() const noexcept;

    /// What was unread when the bus ended.
    struct Rest {
        Mailbox::Queue queue;
        std::unique_ptr<Backlog> backlog;
        std::uint64_t readable;  // how many of them may be read
    };
    /// From here on, the rest is what these were. False: nobody will read it, and nothing has been taken. Under the
    /// ledger's lock.
    bool keep(Mailbox::Queue& queue, std::unique_ptr<Backlog>& backlog, std::uint64_t readable) noexcept;
    struct Taken {
        Envelope* envelope = nullptr;  // with the mailbox's reference
        bool awaited = false;          // by receipts
        std::uint64_t lost = 0;        // that were replayed without their payload
        std::optional<Rest> unreadable;
    };
    Taken take_from_rest() noexcept;
    std::size_t rest_size() const noexcept;
    /// Nobody will read any more: gives the rest, and `keep` takes nothing.
    std::optional<Rest> give_up() noexcept;

private:
    const bool alone_;
    std::atomic<const ThreadSlot*> reader_{nullptr};
    std::atomic<bool> anywhere_{false};

    mutable std::mutex mutex_;
    std::optional<Rest> rest_ HINDSIGHT_GUARDED_BY(mutex_);
    bool given_up_ HINDSIGHT_GUARDED_BY(mutex_) = false;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/readers.ipp>
#endif
