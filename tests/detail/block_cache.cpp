#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <hindsight/detail/block_cache.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <set>
#include <thread>
#include <vector>

using namespace hindsight::test;
using hindsight::detail::BlockCache;

namespace {

/// A block that is written to all over. None is of a slab: no history is large.
void* take(std::size_t size) {
    const BlockCache::Block block = BlockCache::take(size);
    REQUIRE_FALSE(block.of_slab);
    std::memset(block.memory, 0x5a, size);
    return block.memory;
}

void give_back(void* block, std::size_t size) {
    BlockCache::give_back({block, false}, size);
}

TEST_CASE("blocks of any size are given out, each to one at a time", "[block_cache]") {
    for (const std::size_t size : {1u, 8u, 31u, 32u, 33u, 64u, 500u, 512u, 513u, 5000u}) {
        std::set<void*> blocks;
        for (int round = 0; round < 3; ++round) {
            blocks.clear();
            for (int i = 0; i < 200; ++i) {
                void* const block = take(size);
                REQUIRE(blocks.insert(block).second);
                REQUIRE(reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
            }
            for (void* const block : blocks) give_back(block, size);
        }
    }
}

TEST_CASE("a block serves all sizes of its class, wholly", "[block_cache]") {
    for (int round = 0; round < 10; ++round) {
        for (std::size_t size = 33; size <= 64; ++size) give_back(take(size), size);
    }
}

TEST_CASE("a thread keeps few blocks, and none once it has ended", "[block_cache][promise-7]") {
    const auto use = [](std::size_t size) {
        std::vector<void*> blocks;
        for (int i = 0; i < 1000; ++i) blocks.push_back(take(size));
        for (void* const block : blocks) give_back(block, size);
    };
    std::thread([&] { use(64); }).join();  // what a first thread brings with it
    const std::size_t before = allocated_bytes;
    std::size_t held = 0;
    std::thread([&] {
        const std::size_t at_start = allocated_bytes;
        for (std::size_t size = 32; size <= 512; size += 32) use(size);
        use(5000);
        held = allocated_bytes - at_start;
    }).join();
    CHECK(held <= 16 * 128 * 512);
    CHECK(allocated_bytes == before);
}

TEST_CASE("blocks may be given back by another thread than took them", "[block_cache]") {
    give_back(take(100), 100);  // what a first check and a first thread bring with them
    std::thread([] { give_back(take(100), 100); }).join();
    const std::size_t before = allocated_bytes;
    for (int round = 0; round < 5; ++round) {
        void* blocks[100];
        std::thread([&] {
            for (void*& block : blocks) block = take(100);
        }).join();
        std::thread([&] {
            for (void* const block : blocks) give_back(block, 100);
        }).join();
    }
    CHECK(allocated_bytes == before);
}

TEST_CASE("a block that there is no memory for is refused", "[block_cache]") {
    std::thread([] {
        bool refused = false;
        try {
            const FailAllocationsAfter fail(0);
            BlockCache::take(64);
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        CHECK(refused);
    }).join();
}

}  // namespace
