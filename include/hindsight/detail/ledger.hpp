// Ledger: the one short lock of a bus, and what it guards: the sequence, the history and (in callback managers) the
// mailboxes. An event gets its seq, its place in history and its places in mailboxes in one critical section, so that
// every observer agrees on one order, and on what came before a moment and what after it.
//
// No user code runs under the lock: callers collect what is to be destroyed, and destroy it after unlocking.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/history.hpp>
#include <hindsight/detail/ledger_mutex.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace hindsight::detail {

/// std::lock_guard for the emit path, where compilers leave that one's destructor as a call.
class HINDSIGHT_SCOPED_CAPABILITY LedgerLock {
public:
    HINDSIGHT_ALWAYS_INLINE explicit LedgerLock(LedgerMutex& mutex) noexcept HINDSIGHT_ACQUIRE(mutex) : mutex_(mutex) {
        mutex_.lock();
    }
    HINDSIGHT_ALWAYS_INLINE ~LedgerLock() HINDSIGHT_RELEASE() { mutex_.unlock(); }
    LedgerLock(const LedgerLock&) = delete;
    LedgerLock& operator=(const LedgerLock&) = delete;

private:
    LedgerMutex& mutex_;
};

/// A random number other than 0.
HINDSIGHT_API std::uint64_t random_origin();

struct Ledger {
    Ledger(const HistoryOptions& options, bool shared_between_threads, std::uint64_t origin_)
        : mutex(shared_between_threads), origin(origin_), history(options),
          max_payload_bytes(options.max_payload_bytes) {
        ThreadSlots::instance();  // chooses the fence that the lock relies on
    }

    LedgerMutex mutex;
    /// The last seq given. Advanced under the lock.
    std::atomic<Seq> last_seq{0};
    const std::uint64_t origin;  // random: tells this ledger's events from all others

    std::size_t waiting_mailboxes HINDSIGHT_GUARDED_BY(mutex) = 0;  // with their executors, for a thread to come

    History history HINDSIGHT_GUARDED_BY(mutex);
    /// Moves whenever rules or options of the history change, so that what was decided before the lock is decided
    /// again.
    std::atomic<std::uint64_t> history_version{1};
    std::atomic<std::size_t> max_payload_bytes;
    std::atomic<bool> in_a_bus{false};

    Seq next_seq_locked() noexcept HINDSIGHT_REQUIRES(mutex) {
        const Seq next = last_seq.load(std::memory_order_relaxed) + 1;
        last_seq.store(next, std::memory_order_relaxed);
        return next;
    }
    /// The first of several that follow each other.
    Seq next_seqs_locked(std::size_t count) noexcept HINDSIGHT_REQUIRES(mutex) {
        const Seq last = last_seq.load(std::memory_order_relaxed);
        last_seq.store(last + count, std::memory_order_relaxed);
        return last + 1;
    }
    // For an event that no history and no mailbox takes.

    Seq next_seq() noexcept {
        const LedgerLock lock(mutex);
        return next_seq_locked();
    }
    /// For emitting, outside all frames.
    HINDSIGHT_ALWAYS_INLINE Seq next_seq(ThreadSlot& slot) noexcept {
        const EmitLock lock(mutex, slot);
        return next_seq_locked();
    }
    /// The same; 0 if this thread is not the favourite of the lock.
    HINDSIGHT_ALWAYS_INLINE Seq next_seq_of_favourite(ThreadSlot& slot) noexcept HINDSIGHT_UNCHECKED_LOCKING {
        if (!mutex.enter(slot)) [[unlikely]]
            return 0;
        const Seq next = next_seq_locked();
        LedgerMutex::leave(slot);
        return next;
    }
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/ledger.ipp>
#endif
