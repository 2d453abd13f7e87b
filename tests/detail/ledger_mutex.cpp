#include "support/catch.hpp"

#include <hindsight/detail/ledger_mutex.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

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

}  // namespace
