// LongRun: a run of a handler that may go on after its call has returned, as those of coroutines do: on several
// threads, one after the other, and on none in between.
//
// From its beginning to its end the mailbox stays in turn, the record is one in hand, and the node knows the run, so it
// counts as busy (see quiescence.hpp). Each part of it goes through the subscription's executor as a task of its own,
// which puts the thread into the same context: the node in its cell, the record in its frame.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/observation.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/executor.hpp>
#include <hindsight/record.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace hindsight::detail {

/// A part of a run, on its way to a thread.
class HINDSIGHT_API RunPart : public TaskTarget {
public:
    explicit RunPart(std::shared_ptr<LongRun> run) noexcept : run_(std::move(run)) {}
    RunPart(const RunPart&) = delete;
    RunPart& operator=(const RunPart&) = delete;
    virtual ~RunPart();

    bool run_task(std::size_t max, std::size_t& count) noexcept final;
    void abandon_task() noexcept final { enter(false); }
    TaskMemory& task_memory() noexcept final { return memory_; }
    bool is_part_of_run() const noexcept final { return true; }

protected:
    virtual void go_on() = 0;

private:
    /// Ends this part, in the context of its run also where it only destroys what it would have gone on with.
    void enter(bool and_go_on) noexcept;

    const std::shared_ptr<LongRun> run_;
    TaskMemory memory_;
};

class HINDSIGHT_API LongRun : public std::enable_shared_from_this<LongRun> {
public:
    /// `awaited`: by receipts. `last`: the last that the subscription makes.
    LongRun(Node& node, Record record, std::shared_ptr<const void> receiver, bool awaited, bool last);
    LongRun(const LongRun&) = delete;
    LongRun& operator=(const LongRun&) = delete;
    ~LongRun();

    /// The run that the innermost frame of this thread is a part of, or null.
    static LongRun* current() noexcept;

    const Record& record() const noexcept { return record_; }
    Node& node() const noexcept { return *node_; }

    /// Sends a part of the run to the executor, which may also destroy it.
    void post(std::unique_ptr<RunPart> part) noexcept;

    /// The run is over. The first time counts.
    void finish(std::exception_ptr error) noexcept;

    /// The same for one that nobody goes on with.
    void give_up() noexcept;

private:
    friend class Hub;
    friend class RunPart;
    /// Who goes on with the mailbox: the last one of the two to leave.
    enum class Phase : unsigned char { starting, left, finished };

    const std::shared_ptr<NodeOwner> owner_;  // what the run does until its end is reported there
    const NodePtr node_;
    const Record record_;
    const std::shared_ptr<Executor> executor_;
    const bool awaited_;
    const bool last_;
    std::shared_ptr<const void> receiver_;
    std::optional<Observation> observed_;
    std::atomic<bool> over_{false};
    std::atomic<Phase> phase_{Phase::starting};
};

/// The frame of a thread that is in a run.
struct LongFrame : Frame {
    LongFrame(ThreadSlot& slot_, const NodeOwner& engine_) : Frame(slot_, engine_) { queued = true; }
    /// From here on it is.
    void enter(const std::shared_ptr<LongRun>& entered) noexcept {
        run = entered;
        record = &entered->record();
        is_long = true;
    }
    void leave() noexcept {
        is_long = false;
        record = nullptr;
        run.reset();
    }

    std::shared_ptr<LongRun> run;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/long_run.ipp>
#endif
