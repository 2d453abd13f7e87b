#pragma once

#include <hindsight/detail/long_run.hpp>
#include <hindsight/error.hpp>

#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE LongRun::LongRun(Node& node, Record record, std::shared_ptr<const void> receiver, bool awaited,
                                  bool last)
    : owner_(node.owner.lock()), node_(NodePtr::share(node)), record_(std::move(record)), executor_(node.executor),
      awaited_(awaited), last_(last), receiver_(std::move(receiver)) {}

HINDSIGHT_INLINE LongRun::~LongRun() = default;

HINDSIGHT_INLINE LongRun* LongRun::current() noexcept {
    const ThreadSlot* const slot = ThreadSlot::current_or_null();
    if (slot == nullptr || slot->top == nullptr || !slot->top->is_long) return nullptr;
    return static_cast<const LongFrame*>(slot->top)->run.get();
}

HINDSIGHT_INLINE void LongRun::post(std::unique_ptr<RunPart> part) noexcept {
    try {
        executor_->execute(Task(part.release()));
    } catch (...) {
        // The task has taken the part along: the coroutine ends where it is, which finishes the run.
    }
}

HINDSIGHT_INLINE void LongRun::finish(std::exception_ptr error) noexcept {
    if (!over_.exchange(true)) owner_->finish_run(*this, std::move(error));
}

HINDSIGHT_INLINE void LongRun::give_up() noexcept {
    std::exception_ptr why;
    try {
        why = std::make_exception_ptr(Closed("the coroutine was destroyed before it was over: nobody went on with it"));
    } catch (...) {
        why = std::current_exception();
    }
    finish(std::move(why));
}

HINDSIGHT_INLINE RunPart::~RunPart() = default;

HINDSIGHT_INLINE bool RunPart::run_task(std::size_t, std::size_t&) noexcept {
    enter(run_->owner_->goes_on_with_runs());
    return false;
}

HINDSIGHT_INLINE void RunPart::enter(bool and_go_on) noexcept {
    std::unique_ptr<RunPart> self(this);
    const std::shared_ptr<LongRun> run = run_;
    try {
        LongFrame frame(ThreadSlot::current(), *run->owner_);
        Running running(frame);
        running.move_to(run->node());
        frame.enter(run);
        try {
            if (and_go_on) self->go_on();
        } catch (...) {
            run->owner_->report(run->node(), run->record(), std::current_exception());
        }
        self.reset();
        frame.leave();
    } catch (const std::bad_alloc&) {
        // There is no memory for this thread to run it: it ends where it is.
    }
}

}  // namespace hindsight::detail
