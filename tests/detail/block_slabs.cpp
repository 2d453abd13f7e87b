#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <hindsight/detail/block_cache.hpp>
#include <hindsight/detail/block_slabs.hpp>
#include <hindsight/event_store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::BlockCache;
using detail::BlockSlabs;
using detail::FreeBlock;
using detail::huge_page;

namespace {

struct Kept {
    static constexpr std::string_view event_name = "kept.event";
    std::uint64_t number = 0;
};

constexpr std::size_t large_capacity = huge_page / sizeof(void*);

/// Blocks of one class, each written to all over.
std::vector<FreeBlock*> take(std::size_t index, std::size_t count) {
    std::vector<FreeBlock*> blocks;
    while (blocks.size() < count) {
        for (FreeBlock* chain = BlockSlabs::take(index, count - blocks.size()); chain != nullptr;) {
            FreeBlock* const block = std::exchange(chain, chain->next);
            std::memset(static_cast<void*>(block), 0x5a, (index + 1) * BlockSlabs::step);
            blocks.push_back(block);
        }
    }
    return blocks;
}

void give_back(FreeBlock* block) {
    BlockSlabs::give_back(::new (static_cast<void*>(block)) FreeBlock{nullptr});
}

std::size_t in_one_slab(std::size_t index) {
    return (huge_page - 64) / ((index + 1) * BlockSlabs::step);
}

TEST_CASE("slabs give out blocks of all classes, each to one at a time", "[block_slabs]") {
    for (std::size_t index = 0; index < BlockSlabs::classes; ++index) {
        const std::size_t size = (index + 1) * BlockSlabs::step;
        const auto blocks = take(index, in_one_slab(index) + 100);
        std::set<std::uintptr_t> addresses;
        for (FreeBlock* const block : blocks) addresses.insert(reinterpret_cast<std::uintptr_t>(block));
        REQUIRE(addresses.size() == blocks.size());
        std::uintptr_t end_of_last = 0;
        for (const std::uintptr_t each : addresses) {
            REQUIRE(each >= end_of_last);
            REQUIRE(each % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
            REQUIRE(each / huge_page == (each + size - 1) / huge_page);
            end_of_last = each + size;
        }
        for (FreeBlock* const block : blocks) give_back(block);
    }
}

TEST_CASE("a slab goes when all of its blocks are free, but for the last of its class", "[block_slabs][promise-7]") {
    constexpr std::size_t index = 3;
    give_back(take(index, 1).front());
    const std::size_t before = allocated_bytes;
    const std::size_t slab = in_one_slab(index);
    auto blocks = take(index, 5 * slab);
    CHECK(allocated_bytes >= before + 4 * huge_page);
    // In any order.
    std::shuffle(blocks.begin(), blocks.end(), std::mt19937(7));
    for (FreeBlock* const block : blocks) give_back(block);
    blocks.clear();
    blocks.shrink_to_fit();
    CHECK(allocated_bytes == before);
}

TEST_CASE("a slab that there is no memory for is refused, and nothing changes", "[block_slabs][promise-6]") {
    constexpr std::size_t index = 4;
    std::vector<FreeBlock*> blocks = take(index, 1);
    blocks.reserve(in_one_slab(index) + 1);
    bool refused = false;
    while (!refused) {
        REQUIRE(blocks.size() <= in_one_slab(index));
        try {
            const FailAllocationsAfter fail(0);
            blocks.push_back(BlockSlabs::take(index, 1));
        } catch (const std::bad_alloc&) {
            refused = true;
        }
    }
    CHECK(blocks.size() == in_one_slab(index));
    FreeBlock* const next = BlockSlabs::take(index, 1);
    CHECK(next != nullptr);
    give_back(next);
    for (FreeBlock* const block : blocks) give_back(block);
}

TEST_CASE("threads may give back what others took", "[block_slabs]") {
    constexpr std::size_t index = 2;
    constexpr int rounds = 200;
    std::mutex mutex;
    std::deque<FreeBlock*> under_way;
    int taking = 2;
    const auto taker = [&] {
        for (int round = 0; round < rounds; ++round) {
            for (FreeBlock* const block : take(index, 50)) {
                const std::lock_guard lock(mutex);
                under_way.push_back(block);
            }
        }
        const std::lock_guard lock(mutex);
        --taking;
    };
    const auto giver = [&] {
        for (;;) {
            FreeBlock* block = nullptr;
            {
                const std::lock_guard lock(mutex);
                if (!under_way.empty()) {
                    block = under_way.front();
                    under_way.pop_front();
                } else if (taking == 0) {
                    return;
                }
            }
            if (block != nullptr) give_back(block);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back(taker);
        threads.emplace_back(giver);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(under_way.empty());
}

TEST_CASE("slabs are wanted as long as a history is large", "[block_slabs]") {
    CHECK_FALSE(BlockSlabs::wanted());
    {
        const EventStore usual;
        CHECK_FALSE(BlockSlabs::wanted());
        EventStore large({.capacity = large_capacity});
        CHECK(BlockSlabs::wanted());
        large.set_policies({});
        CHECK(BlockSlabs::wanted());
    }
    CHECK_FALSE(BlockSlabs::wanted());
}

TEST_CASE("records of a large history lie in slabs, and their memory goes with them", "[block_slabs][promise-7]") {
    if (!detail::recycles_blocks) return;
    const auto fill = [] {
        EventStore store({.capacity = large_capacity, .max_total_bytes = no_limit});
        for (std::uint64_t i = 1; i <= 100'000; ++i) store.append(Kept{i});
        std::vector<Record> found = store.query({.limit = 1000});
        REQUIRE(found.size() == 1000);
        std::uint64_t expected = 99'001;
        for (const Record& record : found) {
            REQUIRE(record.envelope()->of_slab);
            REQUIRE(record.as<Kept>().number == expected++);
        }
        return found.back();
    };
    fill();
    const std::size_t before = allocated_bytes;
    const Record kept = fill();
    CHECK(kept.as<Kept>().number == 100'000);
    CHECK(allocated_bytes <= before + 3 * huge_page);  // of seven
}

TEST_CASE("a thread gives back what it kept of slabs when it ends", "[block_slabs][promise-7]") {
    if (!detail::recycles_blocks) return;
    const BlockSlabs::LargeHistory large(true);
    constexpr std::size_t size = 160;
    constexpr std::size_t index = size / BlockSlabs::step - 1;
    give_back(take(index, 1).front());
    const std::size_t before = allocated_bytes;
    std::thread([] {
        std::vector<BlockCache::Block> blocks;
        for (std::size_t i = 0; i < 3 * in_one_slab(index); ++i) {
            blocks.push_back(BlockCache::take(size));
            CHECK(blocks.back().of_slab);
        }
        for (const BlockCache::Block& block : blocks) BlockCache::give_back(block, size);
    }).join();
    CHECK(allocated_bytes <= before + 4096);
}

}  // namespace
