#include "support/catch.hpp"
#include "support/nodes.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <latch>
#include <memory>
#include <set>
#include <thread>
#include <utility>

using hindsight::detail::Cell;
using hindsight::detail::CellBlock;
using hindsight::detail::Counter;
using hindsight::detail::Frame;
using hindsight::detail::nesting_depth;
using hindsight::detail::Node;
using hindsight::detail::NodePtr;
using hindsight::detail::OutermostFrame;
using hindsight::detail::ThreadSlot;
using hindsight::detail::ThreadSlots;
using namespace hindsight::test;

namespace {

const IdleEngine engine;

/// How many cells of all threads hold the node.
int cells_with(const Node& node) {
    int count = 0;
    ThreadSlots::instance().for_each([&](const ThreadSlot& slot) {
        slot.for_each_cell([&](const Cell& cell) { count += cell.node.load() == &node ? 1 : 0; });
    });
    return count;
}

TEST_CASE("a thread has one slot of its own for as long as it lives", "[thread_slot]") {
    ThreadSlot& mine = ThreadSlot::current();
    CHECK(&ThreadSlot::current() == &mine);
    std::latch both(2);
    const auto slot_of_thread = [&] {
        ThreadSlot* const slot = &ThreadSlot::current();
        both.arrive_and_wait();  // both threads live at the same time
        return slot;
    };
    auto first = start(slot_of_thread);
    auto second = start(slot_of_thread);
    ThreadSlot* const a = get_soon(std::move(first));
    ThreadSlot* const b = get_soon(std::move(second));
    CHECK(a != b);
    CHECK(a != &mine);
    CHECK(b != &mine);
    CHECK(a->index != b->index);
}

TEST_CASE("the slots of threads that have ended are used again", "[thread_slot]") {
    std::set<const ThreadSlot*> slots;
    for (int i = 0; i < 50; ++i) {
        std::thread([&] { slots.insert(&ThreadSlot::current()); }).join();
    }
    CHECK(slots.size() == 1);
}

/// How many slots there are: as many as threads had one at the same time.
int slot_count() {
    int count = 0;
    ThreadSlots::instance().for_each([&](const ThreadSlot&) { ++count; });
    return count;
}

/// A thread-local that uses the library when its thread ends.
struct UsedAtEnd {
    ~UsedAtEnd() {
        if (use == nullptr) return;
        use();
        ++uses;
    }
    void (*use)() = nullptr;
    static inline int uses = 0;
};

TEST_CASE("a thread whose thread-locals use the library at its very end gives its slot back", "[thread_slot]") {
    const auto use = GENERATE(
        +[] { ThreadSlot::current(); }, +[] { const Frame frame(ThreadSlot::current(), engine); },
        +[] { Counter().add(ThreadSlot::current()); });
    const int before = slot_count();
    UsedAtEnd::uses = 0;
    for (int i = 0; i < 20; ++i) {
        std::thread([&] {
            // Made before the slot is, so destroyed after it was given back; one after the other.
            thread_local UsedAtEnd first, second;
            first.use = second.use = use;
            ThreadSlot::current();
        }).join();
    }
    CHECK(UsedAtEnd::uses == 40);
    CHECK(slot_count() <= before + 1);
}

TEST_CASE("frames nest, each with a cell of its own", "[thread_slot]") {
    ThreadSlot& slot = ThreadSlot::current();
    CHECK(slot.top == nullptr);
    CHECK(nesting_depth(slot) == 0);
    {
        Frame outer(slot, engine);
        CHECK(slot.top == &outer);
        CHECK(nesting_depth(slot) == 1);
        CHECK(outer.outer == nullptr);
        {
            Frame inner(slot, engine);
            CHECK(slot.top == &inner);
            CHECK(nesting_depth(slot) == 2);
            CHECK(inner.outer == &outer);
            CHECK(&inner.cell != &outer.cell);
        }
        CHECK(slot.top == &outer);
        CHECK(nesting_depth(slot) == 1);
    }
    CHECK(slot.top == nullptr);
    CHECK(nesting_depth(slot) == 0);
}

void nest(int levels, std::set<const Cell*>& cells, Node& node) {
    if (levels == 0) {
        CHECK(cells_with(node) == static_cast<int>(cells.size()));
        return;
    }
    Frame frame(ThreadSlot::current(), engine);
    cells.insert(&frame.cell);
    frame.cell.node.store(&node);
    nest(levels - 1, cells, node);
    frame.cell.node.store(nullptr);
}

TEST_CASE("nesting deeper than a block of cells has cells too, and others see them all", "[thread_slot]") {
    const NodePtr node = idle_node_for("a.b");
    constexpr int levels = 3 * static_cast<int>(CellBlock::size) + 1;
    for (int round = 0; round < 2; ++round) {
        std::set<const Cell*> cells;
        nest(levels, cells, *node);
        CHECK(cells.size() == levels);
        CHECK(cells_with(*node) == 0);
    }
}

TEST_CASE("a frame's end lets go of the snapshot and of what it keeps alive", "[thread_slot]") {
    const auto kept = std::make_shared<int>(0);
    const Cell* cell = nullptr;
    {
        Frame frame(ThreadSlot::current(), engine);
        cell = &frame.cell;
        frame.cell.snapshot.store(reinterpret_cast<const hindsight::detail::Snapshot*>(&kept));
        frame.keep(kept);
        CHECK(kept.use_count() == 2);
    }
    CHECK(cell->snapshot.load() == nullptr);
    CHECK(kept.use_count() == 1);
}

TEST_CASE("the frame that a thread has for good leaves nothing behind", "[thread_slot]") {
    ThreadSlot& slot = ThreadSlot::current();
    const auto kept = std::make_shared<int>(0);
    for (int round = 0; round < 2; ++round) {
        {
            const OutermostFrame frame(slot, engine);
            CHECK(slot.top == &*frame);
            CHECK(frame->engine == &engine);
            CHECK(nesting_depth(slot) == 1);
            CHECK_FALSE(frame->is_in_handler());
            slot.cells.cells[0].snapshot.store(reinterpret_cast<const hindsight::detail::Snapshot*>(&kept));
            frame->keep(kept);
            const Frame inner(slot, engine);
            CHECK(inner.outer == &*frame);
            CHECK(kept.use_count() == 2);
        }
        CHECK(slot.top == nullptr);
        CHECK(slot.cells.cells[0].snapshot.load() == nullptr);
        CHECK(kept.use_count() == 1);
    }
}

TEST_CASE("another thread sees what a thread runs", "[thread_slot]") {
    const NodePtr node = idle_node_for("a.b");
    std::latch running(1), seen(1);
    auto runner = start([&] {
        Frame frame(ThreadSlot::current(), engine);
        frame.cell.node.store(node.get());
        running.count_down();
        seen.wait();
        frame.cell.node.store(nullptr);
    });
    running.wait();
    CHECK(cells_with(*node) == 1);
    seen.count_down();
    get_soon(std::move(runner));
    CHECK(cells_with(*node) == 0);
}

}  // namespace
