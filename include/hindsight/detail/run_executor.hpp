// RunExecutor: what a coroutine that handles events runs on. Everything that Boost.Asio gives it goes to the executor
// of its subscription, whatever that is, as a part of the run.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/long_run.hpp>

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace hindsight::detail {

/// Where timers and sockets of such coroutines live: with a thread of their own, which only says that they are ready.
/// Never destroyed; in the library, since a plug-in may be unloaded.
HINDSIGHT_API boost::asio::execution_context& run_context();

template <class F>
class RunFunction final : public RunPart {
public:
    RunFunction(std::shared_ptr<LongRun> run, F function) noexcept
        : RunPart(std::move(run)), function_(std::move(function)) {}

private:
    void go_on() override { std::move(function_)(); }
    F function_;
};

/// An executor as Boost.Asio wants it.
class RunExecutor {
public:
    explicit RunExecutor(std::shared_ptr<LongRun> run) noexcept : run_(std::move(run)) {}

    boost::asio::execution_context& query(boost::asio::execution::context_t) const { return run_context(); }
    boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
        if (at_once_) return boost::asio::execution::blocking.possibly;
        return boost::asio::execution::blocking.never;
    }
    RunExecutor require(boost::asio::execution::blocking_t::possibly_t) const noexcept { return with(true); }
    RunExecutor require(boost::asio::execution::blocking_t::never_t) const noexcept { return with(false); }

    template <class F>
    void execute(F function) const {
        if (at_once_ && LongRun::current() == run_.get()) return std::move(function)();
        std::unique_ptr<RunPart> part;
        try {
            part = std::make_unique<RunFunction<F>>(run_, std::move(function));
        } catch (const std::bad_alloc&) {
            // Who completes an operation must not be thrown at: the coroutine ends where it is.
            return;
        }
        run_->post(std::move(part));
    }

    friend bool operator==(const RunExecutor& a, const RunExecutor& b) noexcept {
        return a.run_ == b.run_ && a.at_once_ == b.at_once_;
    }
    friend bool operator!=(const RunExecutor& a, const RunExecutor& b) noexcept { return !(a == b); }

private:
    RunExecutor with(bool at_once) const noexcept {
        RunExecutor other(*this);
        other.at_once_ = at_once;
        return other;
    }

    std::shared_ptr<LongRun> run_;
    bool at_once_ = true;  // where the thread is in the run already
};

/// Ends the run with the coroutine, also with one that is destroyed.
class RunEnd {
public:
    explicit RunEnd(std::shared_ptr<LongRun> run) noexcept : run_(std::move(run)) {}
    RunEnd(RunEnd&&) noexcept = default;
    RunEnd& operator=(RunEnd&&) = delete;
    ~RunEnd() {
        if (run_) run_->give_up();
    }
    void operator()(std::exception_ptr error) noexcept { std::exchange(run_, nullptr)->finish(std::move(error)); }

private:
    std::shared_ptr<LongRun> run_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/run_executor.ipp>
#endif
