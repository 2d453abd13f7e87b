#include "support/catch.hpp"

#include <hindsight/detail/ledger.hpp>
#include <hindsight/error.hpp>

#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace hindsight;
using detail::Ledger;

namespace {

TEST_CASE("origins are random and never 0", "[ledger]") {
    std::set<std::uint64_t> origins;
    for (int i = 0; i < 100; ++i) origins.insert(detail::random_origin());
    CHECK(origins.size() == 100);
    CHECK(origins.count(0) == 0);
}

TEST_CASE("a ledger begins at seq 1, with the history that it was asked for", "[ledger]") {
    Ledger ledger({.capacity = 7, .max_payload_bytes = 8}, true, 42);
    CHECK(ledger.origin == 42);
    CHECK(ledger.last_seq == 0);
    CHECK(ledger.next_seq() == 1);
    CHECK(ledger.next_seq() == 2);
    CHECK(ledger.last_seq == 2);
    CHECK(ledger.history.options().capacity == 7);
    CHECK(ledger.max_payload_bytes == 8);
    CHECK_FALSE(ledger.in_a_bus);
    CHECK(ledger.history_version != 0);  // no topic knows it yet
    CHECK_THROWS_AS(Ledger({.capacity = no_limit}, true, 42), InvalidArgument);
}

TEST_CASE("no seq is given twice, with or without the lock", "[ledger]") {
    Ledger ledger({}, true, 42);
    std::vector<Seq> given[3];
    {
        std::vector<std::jthread> threads;
        for (auto& own : given) {
            threads.emplace_back([&] {
                for (int i = 0; i < 2000; ++i) own.push_back(ledger.next_seq());
            });
        }
    }
    std::set<Seq> all;
    for (const auto& own : given) all.insert(own.begin(), own.end());
    CHECK(all.size() == 6000);
    CHECK(*all.rbegin() == 6000);
}

}  // namespace
