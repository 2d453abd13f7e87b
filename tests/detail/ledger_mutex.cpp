#include "support/catch.hpp"

#include <hindsight/detail/ledger_mutex.hpp>
#include <hindsight/detail/spin.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__unix__)
#    include <pthread.h>

#    include <csignal>
#endif

using namespace hindsight::detail;

namespace {

TEST_CASE("a ledger's mutex excludes other threads", "[ledger_mutex]") {
    LedgerMutex mutex(true);
    CHECK(mutex.enabled());
    int count = 0;  // not atomic: the mutex guards it
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) {
                    const std::lock_guard lock(mutex);
                    ++count;
                }
            });
        }
    }
    CHECK(count == 4000);
    const std::lock_guard lock(mutex);
    bool taken = true;
    std::thread([&] { taken = mutex.try_lock(); }).join();
    CHECK_FALSE(taken);
}

TEST_CASE("the mutex of a bus that one thread uses does nothing", "[ledger_mutex]") {
    LedgerMutex mutex(false);
    CHECK_FALSE(mutex.enabled());
    const std::lock_guard lock(mutex);
    const std::lock_guard again(mutex);
    CHECK(mutex.try_lock());
}

void emit(LedgerMutex& mutex, int times) {
    for (int i = 0; i < times; ++i) const EmitLock lock(mutex, ThreadSlot::current());
}

bool is_favourite(LedgerMutex& mutex) {
    ThreadSlot& slot = ThreadSlot::current();
    const bool entered = mutex.enter(slot);
    if (entered) LedgerMutex::leave(slot);
    return entered;
}

TEST_CASE("who emits again and again becomes the favourite, until another thread comes", "[ledger_mutex]") {
    LedgerMutex mutex(true);
    emit(mutex, 10);
    CHECK_FALSE(is_favourite(mutex));
    emit(mutex, 100);
    CHECK(is_favourite(mutex) == asymmetric_fence);
    {
        const std::lock_guard lock(mutex);  // its own
    }
    CHECK(is_favourite(mutex) == asymmetric_fence);

    std::thread([&] { const std::lock_guard lock(mutex); }).join();
    CHECK_FALSE(is_favourite(mutex));
    emit(mutex, 100);  // not enough any more
    CHECK_FALSE(is_favourite(mutex));
    emit(mutex, 100);
    CHECK(is_favourite(mutex) == asymmetric_fence);
}

TEST_CASE("in a bus for one thread whoever emits is the favourite", "[ledger_mutex]") {
    LedgerMutex mutex(false);
    emit(mutex, 1);
    CHECK(is_favourite(mutex));
    std::thread([&] {
        CHECK_FALSE(is_favourite(mutex));
        emit(mutex, 1);
        CHECK(is_favourite(mutex));
    }).join();
}

TEST_CASE("a favourite excludes the others, and they exclude it", "[ledger_mutex]") {
    // The favour changes hands all the time: each round begins with a threshold that is soon reached.
    for (int round = 0; round < 200; ++round) {
        LedgerMutex mutex(true);
        int count = 0;  // not atomic: the mutex guards it
        std::atomic<bool> emitting{false};
        std::jthread emitter([&] {
            ThreadSlot& slot = ThreadSlot::current();
            for (int i = 0; i < 5000; ++i) {
                const EmitLock lock(mutex, slot);
                count = count + 1;
                if (i == 200) emitting = true;
            }
        });
        while (!emitting) {}
        for (int i = 0; i < 100; ++i) {
            const std::lock_guard lock(mutex);
            count = count + 1;
        }
        emitter.join();
        REQUIRE(count == 5100);
    }
}

#if defined(__unix__)

// How a thread that is interrupted tells so, and waits for a while for another to have the lock.
enum Interruption : int { none, interrupted, overtaken, over };
std::atomic<int> interruption{none};

void interrupt(int) {
    interruption = interrupted;
    // Not for ever: it may be in the lock.
    for (int i = 0; i < 500 && interruption != overtaken; ++i) spin_pause();
    interruption = over;
}

TEST_CASE("a favourite that loses the lock on its way in stays out", "[ledger_mutex]") {
    if (!asymmetric_fence) return;  // nobody is a favourite
    constexpr int rounds = 3000;
    struct sigaction action {};
    action.sa_handler = interrupt;
    struct sigaction before {};
    sigaction(SIGUSR1, &action, &before);

    std::vector<std::unique_ptr<LedgerMutex>> mutexes;  // a threshold that is soon reached, each time
    for (int round = 0; round < rounds; ++round) mutexes.push_back(std::make_unique<LedgerMutex>(true));
    std::atomic<int> current{0}, emitted{0}, inside{0};
    std::thread emitter([&] {
        ThreadSlot& slot = ThreadSlot::current();
        for (int round = 0; round < rounds;) {
            LedgerMutex& mutex = *mutexes[static_cast<std::size_t>(round)];
            while (current.load(std::memory_order_relaxed) == round) {
                const EmitLock lock(mutex, slot);
                inside.store(inside.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
                emitted.store(emitted.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            }
            ++round;
        }
    });
    const auto wait_until = [](auto is_so) {
        while (!is_so()) std::this_thread::yield();
    };
    int intrusions = 0;
    for (int round = 0; round < rounds; ++round) {
        wait_until([&] { return emitted > 100; });
        interruption = none;
        pthread_kill(emitter.native_handle(), SIGUSR1);
        wait_until([&] { return interruption != none; });
        {
            const std::lock_guard lock(*mutexes[static_cast<std::size_t>(round)]);
            const int then = inside;
            int expected = interrupted;
            interruption.compare_exchange_strong(expected, overtaken);
            wait_until([&] { return interruption == over; });
            for (int i = 0; i < 50; ++i) spin_pause();
            if (inside != then) ++intrusions;
            current = round + 1;
            emitted = 0;
        }
    }
    emitter.join();
    sigaction(SIGUSR1, &before, nullptr);
    CHECK(intrusions == 0);
}

#endif

}  // namespace
