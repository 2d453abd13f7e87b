#include "support/catch.hpp"
#include "support/nodes.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/snapshot.hpp>

#include <atomic>
#include <cstddef>
#include <future>
#include <latch>
#include <utility>
#include <vector>

using hindsight::detail::Frame;
using hindsight::detail::pin;
using hindsight::detail::RetiredSnapshots;
using hindsight::detail::Snapshot;
using hindsight::detail::ThreadSlot;
using namespace hindsight::test;

namespace {

const IdleEngine engine;

TEST_CASE("a snapshot has its direct nodes first, then the queued ones", "[snapshot]") {
    Snapshot snapshot;
    for (const char* name : {"a", "b", "c"}) snapshot.nodes.push_back(idle_node_for(name));
    snapshot.direct_count = 2;
    REQUIRE(snapshot.direct_count == 2);
    REQUIRE(snapshot.queued().size() == 1);
    CHECK(snapshot.nodes[0]->pattern->text() == "a");
    CHECK(snapshot.queued()[0]->pattern->text() == "c");
}

TEST_CASE("pinning gives the current snapshot and shows that it is in use", "[snapshot]") {
    const Snapshot first, second;
    std::atomic<const Snapshot*> current{&first};
    Frame frame(ThreadSlot::current(), engine);
    CHECK(pin(frame.cell, current) == &first);
    CHECK(frame.cell.snapshot.load() == &first);
    current = &second;
    CHECK(pin(frame.cell, current) == &second);
    CHECK(frame.cell.snapshot.load() == &second);
}

TEST_CASE("retired snapshots are given out once no frame uses them", "[snapshot]") {
    RetiredSnapshots retired;
    const auto* used = new Snapshot;
    const auto* unused = new Snapshot;
    std::atomic<const Snapshot*> current{used};
    retired.reserve_one();
    {
        Frame frame(ThreadSlot::current(), engine);
        pin(frame.cell, current);
        retired.add(std::unique_ptr<const Snapshot>(used));
        retired.reserve_one();
        retired.add(std::unique_ptr<const Snapshot>(unused));
        {
            // Also in a deeper frame than the one that uses it.
            Frame deeper(ThreadSlot::current(), engine);
            const auto collected = retired.collect();
            REQUIRE(collected.size() == 1);
            CHECK(collected[0].get() == unused);
        }
        CHECK(retired.collect().empty());
    }
    CHECK(retired.collect().size() == 1);
    CHECK(retired.collect().empty());
}

TEST_CASE("what another thread has pinned is not given out", "[snapshot]") {
    RetiredSnapshots retired;
    const auto* snapshot = new Snapshot;
    std::atomic<const Snapshot*> current{snapshot};
    std::latch pinned(1), seen(1);
    auto reader = start([&] {
        Frame frame(ThreadSlot::current(), engine);
        pin(frame.cell, current);
        pinned.count_down();
        seen.wait();
    });
    pinned.wait();
    retired.reserve_one();
    retired.add(std::unique_ptr<const Snapshot>(snapshot));
    CHECK(retired.collect().empty());
    seen.count_down();
    get_soon(std::move(reader));
    CHECK(retired.collect().size() == 1);
}

TEST_CASE("readers never see a snapshot that is gone, however often it is replaced", "[snapshot]") {
    constexpr int replacements = 2'000;
    const auto make = [] {
        auto* const snapshot = new Snapshot;
        snapshot->direct_count = 42;
        return snapshot;
    };
    std::atomic<const Snapshot*> current{make()};
    std::atomic<bool> done{false};
    std::vector<std::future<int>> readers;
    for (int i = 0; i < 2; ++i) {
        readers.push_back(start([&] {
            int wrong = 0;
            do {
                Frame frame(ThreadSlot::current(), engine);
                const Snapshot* const snapshot = pin(frame.cell, current);
                // The address sanitizer sees a use after free here, others see another number.
                for (int look = 0; look < 10; ++look) wrong += snapshot->direct_count == 42 ? 0 : 1;
            } while (!done);
            return wrong;
        }));
    }
    RetiredSnapshots retired;
    std::size_t collected = 0;
    for (int i = 0; i < replacements; ++i) {
        retired.reserve_one();
        retired.add(std::unique_ptr<const Snapshot>(current.exchange(make())));
        auto unused = retired.collect();
        collected += unused.size();
        for (const auto& each : unused) const_cast<Snapshot&>(*each).direct_count = 0;
    }
    done = true;
    for (auto& reader : readers) CHECK(get_soon(std::move(reader)) == 0);
    collected += retired.collect().size();
    CHECK(collected == replacements);
    delete current.load();
}

}  // namespace
