// ThreadSlot: what other threads can see of what a thread is running right now; Frame: one level of its nesting.
//
// Slots are process-wide, never freed, and reused once their thread has ended, so scanning them needs no lock. A slot
// has one Cell a nesting level. Only the owning thread writes its cells; removers read them (see fence.hpp):
//   - `snapshot`: the subscriber snapshot that this level iterates. The emitter publishes it, then reads the topic's
//     pointer again; a remover swaps that pointer, then scans. Either the emitter sees the new pointer, or the scan
//     sees the cell and leaves the snapshot alone.
//   - `node`: the subscription whose callable this level runs; the same with the node's flags (see quiescence.hpp).
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/fence.hpp>
#include <hindsight/detail/spare_envelope.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace hindsight {
class Record;
}

namespace hindsight::detail {

struct NodeOwner;
struct Frame;
struct Node;
struct Snapshot;
class BareEvent;

struct Cell {
    std::atomic<const Snapshot*> snapshot{nullptr};
    std::atomic<Node*> node{nullptr};
};

struct CellBlock {
    static constexpr unsigned size = 15;
    Cell cells[size];
    std::atomic<CellBlock*> next{nullptr};  // made by the owner when its nesting first needs it, then kept
};

struct alignas(64) ThreadSlot {
    CellBlock cells;
    std::atomic<bool> used{true};
    unsigned index = 0;          // 0, 1, 2 ...: the order of creation
    ThreadSlot* next = nullptr;  // fixed before the slot is published

    // The owner's alone.
    Frame* top = nullptr;
    SpareEnvelope spare;
    bool thread_is_ending = false;  // its thread-local destructors run: nobody else will give the slot back

    // Guarded by the mutex of ThreadSlots.
    const Node* waiting_for = nullptr;

    /// The calling thread's slot. The first call of a thread locks and may throw std::bad_alloc.
    static ThreadSlot& current() {
        if (current_ != nullptr) [[likely]]
            return *current_;
        return acquire();
    }

    /// Whether it has a thread. False under the mutex of ThreadSlots: none before that mutex is unlocked, and what the
    /// last one did happened before.
    bool in_use() const noexcept { return used.load(std::memory_order_acquire); }

    /// Null before the thread's first call of `current`.
    static ThreadSlot* current_or_null() noexcept { return current_; }

    template <class F>
    void for_each_cell(F visit) const {
        for (const CellBlock* block = &cells; block != nullptr; block = fenced_load(block->next)) {
            for (const Cell& cell : block->cells) visit(cell);
        }
    }

    /// The cell of this nesting level. Throws std::bad_alloc when the level was never reached before and there is no
    /// memory for it.
    Cell& cell_at(unsigned depth) {
        if (depth < CellBlock::size) [[likely]]
            return cells.cells[depth];
        return deep_cell_at(depth);
    }

private:
    friend struct Frame;
    HINDSIGHT_API Cell& deep_cell_at(unsigned depth);
    HINDSIGHT_API static ThreadSlot& acquire();
    HINDSIGHT_API static void give_back(ThreadSlot& slot) noexcept;

    HINDSIGHT_API static thread_local constinit ThreadSlot* current_;
};

/// All slots of the process, and the one mutex and condition behind waiting for a handler to return. Never destroyed,
/// so it may be used at any time during static destruction.
struct ThreadSlots {
    std::mutex mutex;
    std::condition_variable changed;  // a runner has left a node that is dead, or a node's state is destroyed
    std::atomic<ThreadSlot*> head{nullptr};

    HINDSIGHT_API static ThreadSlots& instance();

    template <class F>
    void for_each(F visit) {
        for (ThreadSlot* slot = fenced_load(head); slot != nullptr; slot = slot->next) visit(*slot);
    }
};

/// One level of a thread's nesting: an emit, or a run of queued deliveries. Lives on the stack of its thread.
struct Frame {
    /// Throws what ThreadSlot::cell_at throws.
    Frame(ThreadSlot& slot, const NodeOwner& engine);
    struct Outermost {};
    /// The same where this thread is in no other frame.
    Frame(ThreadSlot& slot, const NodeOwner& engine, Outermost) noexcept;
    ~Frame();
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    /// The node whose callable this level runs, or null. The owning thread's view.
    Node* node() const noexcept { return cell.node.load(std::memory_order_relaxed); }
    bool is_in_handler() const noexcept { return record != nullptr || bare != nullptr; }

    ThreadSlot& slot;
    const NodeOwner& engine;
    Cell& cell;
    Frame* const outer;

    // What the handler was given that this level calls, if it calls one.
    const Record* record = nullptr;
    BareEvent* bare = nullptr;  // where there is no record yet

    /// What must not die before this level ends, though its owner let go of it inside.
    std::shared_ptr<void> keep_alive;

    const unsigned depth;
    bool queued = false;
    bool is_long = false;  // it is a LongFrame, in a run
};

/// How many frames the thread is in.
inline unsigned nesting_depth(const ThreadSlot& slot) noexcept {
    return slot.top == nullptr ? 0 : slot.top->depth + 1;
}

inline Frame::Frame(ThreadSlot& slot_, const NodeOwner& engine_)
    : slot(slot_), engine(engine_), cell(slot_.cell_at(nesting_depth(slot_))), outer(slot_.top),
      depth(nesting_depth(slot_)) {
    slot.top = this;
}

HINDSIGHT_ALWAYS_INLINE Frame::Frame(ThreadSlot& slot_, const NodeOwner& engine_, Outermost) noexcept
    : slot(slot_), engine(engine_), cell(slot_.cells.cells[0]), outer(nullptr), depth(0) {
    slot.top = this;
}

HINDSIGHT_ALWAYS_INLINE Frame::~Frame() {
    cell.snapshot.store(nullptr, std::memory_order_release);
    slot.top = outer;
    if (slot.thread_is_ending && outer == nullptr) [[unlikely]]
        ThreadSlot::give_back(slot);
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/thread_slot.ipp>
#endif
