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
#include <hindsight/types.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace hindsight {
class Record;
}

namespace hindsight::detail {

struct Draft;
struct NodeOwner;
struct Node;
struct Snapshot;
struct ThreadSlot;

struct Cell {
    std::atomic<const Snapshot*> snapshot{nullptr};
    std::atomic<Node*> node{nullptr};
};

struct CellBlock {
    static constexpr unsigned size = 15;
    Cell cells[size];
    std::atomic<CellBlock*> next{nullptr};  // made by the owner when its nesting first needs it, then kept
};

/// An event that handlers take without its record.
struct BareEvent {
    static constexpr TimePoint no_time{Duration(-1)};

    const Draft* draft = nullptr;  // null: there is none
    Seq seq = 0;
    TimePoint time{};  // of its record in history; `no_time`: it has none
};

/// One level of a thread's nesting: an emit, or a run of queued deliveries. Lives on the stack of its thread, but for
/// the one that each thread has for good (see OutermostFrame).
struct Frame {
    /// Throws what ThreadSlot::cell_at throws.
    Frame(ThreadSlot& slot, const NodeOwner& engine);
    struct OfThread {};
    Frame(ThreadSlot& slot, OfThread) noexcept;
    ~Frame();
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    /// The node whose callable this level runs, or null. The owning thread's view.
    Node* node() const noexcept { return cell.node.load(std::memory_order_relaxed); }
    bool is_in_handler() const noexcept { return record != nullptr || bare.draft != nullptr; }
    /// Keeps what must not die before this level ends, though its owner let go of it inside.
    void keep(std::shared_ptr<void> alive) noexcept;
    /// The same for the record of `bare`, once somebody has asked for it.
    const Record& keep(std::shared_ptr<const Record> made) noexcept;

    ThreadSlot& slot;
    const NodeOwner* engine = nullptr;
    Cell& cell;
    Frame* const outer = nullptr;

    // What the handler was given that this level calls, if it calls one.
    const Record* record = nullptr;
    BareEvent bare;

    std::shared_ptr<const Record> record_of_bare;
    std::shared_ptr<void> kept_alive;

    const unsigned depth = 0;
    bool queued = false;
    bool is_long = false;       // it is a LongFrame, in a run
    bool makes_record = false;  // `record_of_bare`: the event is being copied
    bool concurrent = false;    // a turn of a handler that may run beside itself, but not inside itself
};

struct alignas(64) ThreadSlot {
    CellBlock cells;
    std::atomic<bool> in_favoured_lock{false};  // see LedgerMutex; written by the owner only
    std::atomic<bool> used{true};
    unsigned index = 0;          // 0, 1, 2 ...: the order of creation
    ThreadSlot* next = nullptr;  // fixed before the slot is published

    // The owner's alone.
    Frame* top = nullptr;
    bool untidy = false;  // there is something to do when the thread leaves its outermost frame
    Frame outermost{*this, Frame::OfThread()};
    SpareEnvelope spare;

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

    /// The slots with a smaller index have cells of their own in each Counter.
    static constexpr unsigned counting = 4;
    /// The same for threads with such a slot, where the fence is the asymmetric one; else null.
    static ThreadSlot* quick_or_null() noexcept { return quick_; }

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

    /// What is to be done where it is `untidy`.
    HINDSIGHT_API void tidy_up() noexcept;

private:
    HINDSIGHT_API Cell& deep_cell_at(unsigned depth);
    HINDSIGHT_API static ThreadSlot& acquire();
    HINDSIGHT_API static void give_back() noexcept;  // that of the calling thread, which is ending

    HINDSIGHT_API static thread_local constinit ThreadSlot* current_;
    HINDSIGHT_API static thread_local constinit ThreadSlot* quick_;
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

/// How many frames the thread is in.
inline unsigned nesting_depth(const ThreadSlot& slot) noexcept {
    return slot.top == nullptr ? 0 : slot.top->depth + 1;
}

HINDSIGHT_ALWAYS_INLINE Frame::Frame(ThreadSlot& slot_, const NodeOwner& engine_)
    : slot(slot_), engine(&engine_), cell(slot_.cell_at(nesting_depth(slot_))), outer(slot_.top),
      depth(nesting_depth(slot_)) {
    slot.top = this;
}

inline Frame::Frame(ThreadSlot& slot_, OfThread) noexcept : slot(slot_), cell(slot_.cells.cells[0]) {}

HINDSIGHT_ALWAYS_INLINE Frame::~Frame() {
    cell.snapshot.store(nullptr, std::memory_order_release);
    slot.top = outer;
}

inline void Frame::keep(std::shared_ptr<void> alive) noexcept {
    kept_alive = std::move(alive);
    slot.untidy = true;
}

inline const Record& Frame::keep(std::shared_ptr<const Record> made) noexcept {
    record_of_bare = std::move(made);
    slot.untidy = true;
    return *record_of_bare;
}

/// The thread's own frame, for the emits that take a short way: entering it stores no more than what differs from one
/// to the next. Only where the thread is in no frame.
class OutermostFrame {
public:
    /// `bare`: of the event that handlers are about to be given, if they are.
    HINDSIGHT_ALWAYS_INLINE OutermostFrame(ThreadSlot& slot, const NodeOwner& engine,
                                           const Draft* bare = nullptr) noexcept
        : slot_(slot) {
        slot.outermost.engine = &engine;
        slot.outermost.bare.draft = bare;
        slot.top = &slot.outermost;
    }
    OutermostFrame(const OutermostFrame&) = delete;
    OutermostFrame& operator=(const OutermostFrame&) = delete;
    HINDSIGHT_ALWAYS_INLINE ~OutermostFrame() {
        slot_.cells.cells[0].snapshot.store(nullptr, std::memory_order_release);
        slot_.top = nullptr;
        if (slot_.untidy) [[unlikely]]
            slot_.tidy_up();
    }

    Frame& operator*() const noexcept { return slot_.outermost; }
    Frame* operator->() const noexcept { return &slot_.outermost; }

private:
    ThreadSlot& slot_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/thread_slot.ipp>
#endif
