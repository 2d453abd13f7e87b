#include "support/catch.hpp"
#include "support/nodes.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/quiescence.hpp>

#include <atomic>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Record;
using hindsight::detail::Frame;
using hindsight::detail::Node;
using hindsight::detail::NodePtr;
using hindsight::detail::quiesce;
using hindsight::detail::quiesce_later;
using hindsight::detail::Running;
using hindsight::detail::ThreadSlot;
using namespace hindsight::test;

namespace {

const IdleEngine engine;

/// A node that may be run, as snapshots have it.
template <class F>
NodePtr seen_node(F handler) {
    NodePtr node = node_for("a.b", std::move(handler));
    node->flags = 0;
    return node;
}

/// A node whose state can be watched.
struct Watched {
    std::shared_ptr<int> state = std::make_shared<int>(0);
    NodePtr node = seen_node([held = state](const Record&) {});
    bool destroyed() const { return state.use_count() == 1; }
};

TEST_CASE("an idle node's state is destroyed at once, the node lives as long as its references", "[quiescence]") {
    Watched watched;
    CHECK_FALSE(watched.node->has(Node::dead));
    CHECK(quiesce(*watched.node));
    CHECK(watched.node->has(Node::dead));
    CHECK(watched.destroyed());
    CHECK(quiesce(*watched.node));
    CHECK(quiesce_later(*watched.node));
}

TEST_CASE("an unseen node is ended at once, though other threads are busy", "[quiescence]") {
    const auto state = std::make_shared<int>(0);
    const NodePtr node = node_for("a.b", [state](const Record&) {});
    std::latch busy(1), may_leave(1);
    auto runner = start([&] {
        Watched other;
        Frame frame(ThreadSlot::current(), engine);
        Running running(frame);
        running.move_to(*other.node);
        busy.count_down();
        may_leave.wait();
    });
    busy.wait();
    CHECK(quiesce(*node));
    CHECK(node->has(Node::ended));
    CHECK(state.use_count() == 1);
    CHECK(quiesce(*node));
    may_leave.count_down();
    get_soon(std::move(runner));
}

TEST_CASE("running moves from node to node and lets go of the last", "[quiescence]") {
    Watched first, second;
    Frame frame(ThreadSlot::current(), engine);
    Running running(frame);
    CHECK(running.move_to(*first.node) == 0);
    CHECK(frame.cell.node.load() == first.node.get());
    CHECK_FALSE(quiesce(*first.node));
    CHECK_FALSE(first.destroyed());
    CHECK(running.move_to(*second.node) == 0);
    CHECK(first.destroyed());
    running.stop();
    CHECK(frame.cell.node.load() == nullptr);
    CHECK(quiesce(*second.node));
}

TEST_CASE("who moves to a dead node is told so", "[quiescence]") {
    Watched watched;
    quiesce(*watched.node);
    Frame frame(ThreadSlot::current(), engine);
    Running running(frame);
    CHECK((running.move_to(*watched.node) & Node::dead) != 0);
}

TEST_CASE("a thread that runs a node in several frames destroys its state when it leaves the outermost",
          "[quiescence]") {
    Watched watched;
    {
        Frame outer(ThreadSlot::current(), engine);
        Running outer_run(outer);
        outer_run.move_to(*watched.node);
        {
            Frame inner(ThreadSlot::current(), engine);
            Running inner_run(inner);
            inner_run.move_to(*watched.node);
            CHECK_FALSE(quiesce(*watched.node));
        }
        CHECK_FALSE(watched.destroyed());
    }
    CHECK(watched.destroyed());
}

TEST_CASE("quiesce waits for a runner on another thread, quiesce_later does not", "[quiescence]") {
    const bool waits = GENERATE(true, false);
    Watched watched;
    std::latch running_it(1);
    std::atomic<bool> left{false};
    std::latch may_leave(1);
    auto runner = start([&] {
        Frame frame(ThreadSlot::current(), engine);
        Running running(frame);
        running.move_to(*watched.node);
        running_it.count_down();
        if (waits) {
            spin_until([&] { return watched.node->has(Node::dead); });
            let_others_run();
        } else {
            may_leave.wait();
        }
        left = true;
    });
    running_it.wait();
    if (waits) {
        CHECK(quiesce(*watched.node));
        CHECK(left);
    } else {
        CHECK_FALSE(quiesce_later(*watched.node));
        CHECK_FALSE(watched.destroyed());
        may_leave.count_down();
    }
    get_soon(std::move(runner));
    CHECK(watched.destroyed());
}

TEST_CASE("of threads that wait for each other's nodes in a circle one is told so", "[quiescence]") {
    const std::size_t threads = GENERATE(2u, 3u, 5u);
    std::vector<Watched> watched(threads);
    std::latch all_running(static_cast<std::ptrdiff_t>(threads));
    std::vector<std::future<bool>> runners;
    for (std::size_t own = 0; own < threads; ++own) {
        runners.push_back(start([&, own] {
            Frame frame(ThreadSlot::current(), engine);
            Running running(frame);
            running.move_to(*watched[own].node);
            all_running.arrive_and_wait();
            return quiesce(*watched[(own + 1) % threads].node);
        }));
    }
    std::size_t waited = 0;
    for (auto& runner : runners) waited += get_soon(std::move(runner)) ? 1u : 0u;
    CHECK(waited == threads - 1);
    for (const Watched& each : watched) CHECK(each.destroyed());
}

TEST_CASE("a node's state is destroyed exactly once, whoever ends it and runs it", "[quiescence]") {
    struct Counting {
        explicit Counting(std::atomic<int>& destroyed_) : destroyed(&destroyed_) {}
        Counting(Counting&& other) noexcept : destroyed(std::exchange(other.destroyed, nullptr)) {}
        Counting(const Counting&) = delete;
        Counting& operator=(const Counting&) = delete;
        ~Counting() {
            if (destroyed != nullptr) ++*destroyed;
        }
        std::atomic<int>* destroyed;
    };
    for (int round = 0; round < 200; ++round) {
        std::atomic<int> destroyed{0}, calls_after_end{0};
        std::atomic<bool> ended{false};
        const NodePtr node = seen_node([held = Counting(destroyed)](const Record&) {});
        std::latch together(3);
        const auto run = [&] {
            Frame frame(ThreadSlot::current(), engine);
            Running running(frame);
            together.arrive_and_wait();
            for (int i = 0; i < 20; ++i) {
                if ((running.move_to(*node) & Node::dead) == 0 && ended) ++calls_after_end;
                running.stop();
            }
        };
        auto one = start(run);
        auto other = start(run);
        together.arrive_and_wait();
        const bool done = round % 2 == 0 ? quiesce(*node) : quiesce_later(*node);
        if (done) {
            ended = true;
            CHECK(destroyed == 1);
        }
        get_soon(std::move(one));
        get_soon(std::move(other));
        REQUIRE(destroyed == 1);
        REQUIRE(calls_after_end == 0);
    }
}

}  // namespace
