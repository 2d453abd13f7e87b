#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

constexpr Seq total = 3000;

/// Three threads that emit until there are `total` events, every third of them a failed task.
class Emitters {
public:
    explicit Emitters(EventBus& bus) {
        for (int emitter = 0; emitter < 3; ++emitter) {
            threads_.emplace_back([&bus] {
                for (Seq i = 0; i < total / 3; ++i) {
                    if (i % 3 == 0) {
                        bus.emit(TaskFailed{"t"});
                    } else {
                        bus.emit(ClockTick{});
                    }
                }
            });
        }
    }

private:
    std::vector<std::jthread> threads_;
};

TEST_CASE("pages read while others append hold each event once, in order", "[query][promise-11]") {
    EventBus bus{{.history = {.capacity = total}}};
    Seqs all;
    {
        const Emitters emitters(bus);
        for (Query page{.limit = 37, .take = Take::oldest}; all.size() < total;) {
            const Seqs found = seqs_of(bus.history().query(page));
            REQUIRE(found.size() <= 37);
            if (found.empty()) continue;
            all.insert(all.end(), found.begin(), found.end());
            page.after_seq = found.back();
        }
    }
    Seqs expected;
    for (Seq seq = 1; seq <= total; ++seq) expected.push_back(seq);
    CHECK(all == expected);
}

TEST_CASE("pages of one kind of event, read while others append, leave none out", "[query][promise-11]") {
    EventBus bus{{.history = {.capacity = total}}};
    Seqs failed;
    {
        const Emitters emitters(bus);
        Query page{.name = "task.failed", .limit = 10, .take = Take::oldest};
        for (bool more = true; more;) {
            const bool all_are_there = bus.history().last_seq() == total;
            const Seqs found = seqs_of(bus.history().query(page));
            failed.insert(failed.end(), found.begin(), found.end());
            if (!found.empty()) page.after_seq = found.back();
            more = !all_are_there || !found.empty();
        }
    }
    CHECK(failed == seqs_of(bus.history().query({.name = "task.failed"})));
    CHECK(failed.size() == 3 * ((total / 3 + 2) / 3));
}

TEST_CASE("paging backwards is not disturbed by what is appended meanwhile", "[query][promise-11]") {
    EventBus bus{{.history = {.capacity = 2 * total}}};
    for (Seq seq = 1; seq <= total; ++seq) bus.emit(ClockTick{});
    const Emitters emitters(bus);
    Seq next = total;
    for (Query page{.before_seq = total + 1, .limit = 37}; next > 0; page.before_seq = next + 1) {
        const Seqs found = seqs_of(bus.history().query(page));
        REQUIRE_FALSE(found.empty());
        REQUIRE(found.back() == next);
        REQUIRE(found.front() + found.size() == next + 1);
        next = found.front() - 1;
    }
}

}  // namespace
