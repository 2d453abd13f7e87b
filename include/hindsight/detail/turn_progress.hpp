// TurnProgress: how far a turn of a mailbox has come with the records that it took, for those who count what is left.
//
// The thread whose turn it is writes; all others only read. Before each call it publishes that it decides, then reads
// whether the node is dead (see fence.hpp). Whoever marks the node as dead and then makes the heavy fence therefore
// sees either that it decides or what it decided, and once it has, how many records no handler will see any more.
#pragma once

#include <hindsight/detail/fence.hpp>

#include <atomic>
#include <cstddef>
#include <thread>

namespace hindsight::detail {

class TurnProgress {
public:
    void begin(std::size_t taken) noexcept { word_.store(taken * one_record, std::memory_order_release); }

    /// Before reading whether the node is dead, for a call of its handler.
    void decide() noexcept { publish(word_, word_.load(std::memory_order_relaxed) + deciding); }
    void decided(bool calls) noexcept {
        const std::size_t word = word_.load(std::memory_order_relaxed) - deciding;
        word_.store(calls ? word + calling : word, std::memory_order_release);
    }
    /// The next record is done with, its handler called or not.
    void finish_one() noexcept {
        const std::size_t word = word_.load(std::memory_order_relaxed);
        word_.store(word / one_record * one_record - one_record, std::memory_order_release);
    }

    /// Taken out of the mailbox, but not done with.
    std::size_t in_hand() const noexcept { return word_.load(std::memory_order_acquire) / one_record; }

    /// The node is dead, and the heavy fence has been made: how many of those in hand will not be handled. The turn's
    /// thread finishes none of them before it gets the lock that the caller holds. Waits while that thread decides.
    std::size_t lost() const noexcept {
        for (;;) {
            const std::size_t word = fenced_load(word_);
            if (word % one_record == deciding) {
                std::this_thread::yield();
                continue;
            }
            return word / one_record - (word % one_record == calling ? 1 : 0);
        }
    }

private:
    static constexpr std::size_t deciding = 1;
    static constexpr std::size_t calling = 2;
    static constexpr std::size_t one_record = 4;

    std::atomic<std::size_t> word_{0};  // records in hand, and what happens to the first of them
};

}  // namespace hindsight::detail
