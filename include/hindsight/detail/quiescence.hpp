// Quiescence: a disconnected handler is not running, will not run again, and its state is destroyed.
//
// Running: a thread publishes the node in its frame's cell, then reads the node's flags, and calls only a live node.
// Afterwards it replaces the cell's content and reads the flags again; if the node is dead by then, it tells the
// waiters. Disconnecting: set `dead`, heavy fence, scan all cells. Either the runner sees `dead` and does not call, or
// the scan sees the cell. If the scan saw the cell, the runner's second read sees `dead` and notifies under the mutex
// that the scan was made under: no wake-up is lost. The runner's replacing store is a release that the scan acquires,
// so the handler's effects come before its state's destruction.
//
// Two kinds of nodes need no fence. One that is `unseen`: collecting a snapshot clears that in the node's flags before
// it takes the node in, and leaves out one that is dead by then. Both are read-modify-writes of one word, so either the
// disconnect comes first and no snapshot has the node, or it finds that the node is no longer unseen. And any node
// while no other thread has a slot: slots are taken under the mutex that the disconnect looks for them under, so the
// next thread to take one sees `dead`; and a slot was given back by a release after the last run in it.
//
// A disconnect inside the node's own handler cannot wait, nor one that closes a cycle of threads which wait for each
// other's handlers: it marks the node as an orphan and returns; the last thread to leave destroys the state.
//
// A handler may also be in the middle of a run that no thread has in its cell (see long_run.hpp). The node knows such a
// run, and both ends of it are under the mutex that scans are made under, while a cell has the node at the first.
// Threads that are inside a handler, or on the executor that has to go on with it, do not wait for it.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <memory>

namespace hindsight::detail {

/// Called by a thread that stopped running a node and then found it dead.
HINDSIGHT_API void runner_left(Node& node) noexcept;

/// The node is dead (or about to be set so by this call). Waits until no thread runs it and its state is destroyed;
/// true then. False: it is deferred, since this thread runs it or waiting would close a cycle.
HINDSIGHT_API bool quiesce(Node& node) noexcept;

/// The same without waiting for other threads; true if the state is destroyed on return.
HINDSIGHT_API bool quiesce_later(Node& node) noexcept;

/// As `quiesce`, for an owner that is about to go. Where it is deferred, the last thread that leaves the node has the
/// owner until it has left all frames of it.
HINDSIGHT_API bool quiesce(Node& node, std::shared_ptr<NodeOwner> owner) noexcept;

/// Whether another thread is in the node's handler, or destroys its state.
HINDSIGHT_API bool is_run_by_others(const Node& node) noexcept;

/// The owner lives until this thread has left all frames of it.
HINDSIGHT_API void let_go(std::shared_ptr<NodeOwner> owner) noexcept;

/// A run begins that `executor` goes on with: from here on the node is busy, whether a thread runs it or not.
HINDSIGHT_API void begin_run(Node& node, std::shared_ptr<Executor> executor) noexcept;
/// It is over.
HINDSIGHT_API void end_run(Node& node) noexcept;

/// The nodes whose callables a frame runs, one after the other. Empties the frame's cell at the end.
class Running {
public:
    explicit Running(Frame& frame) noexcept : Running(frame.cell, asymmetric_fence) {}
    /// `asymmetric`: see `publish`.
    Running(Cell& cell, bool asymmetric) noexcept : cell_(cell), asymmetric_(asymmetric) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    HINDSIGHT_ALWAYS_INLINE ~Running() { stop(); }

    /// Moves on to `node`, whose callables may be called until the next move if the result has no `dead`.
    HINDSIGHT_ALWAYS_INLINE std::uint32_t move_to(Node& node) noexcept {
        Node* const previous = std::exchange(node_, &node);
        publish(cell_.node, &node, asymmetric_);
        left(previous);
        return fenced_load(node.flags);
    }

    HINDSIGHT_ALWAYS_INLINE void stop() noexcept {
        if (node_ == nullptr) return;
        Node* const previous = std::exchange(node_, nullptr);
        publish<Node*>(cell_.node, nullptr, asymmetric_);
        left(previous);
    }

private:
    HINDSIGHT_ALWAYS_INLINE static void left(Node* previous) noexcept {
        if (previous != nullptr && previous->has(Node::dead)) [[unlikely]]
            runner_left(*previous);
    }

    Cell& cell_;
    const bool asymmetric_;
    Node* node_ = nullptr;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/quiescence.ipp>
#endif
