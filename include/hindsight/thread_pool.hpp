// ThreadPool: an executor with threads of its own, Boost.Asio's pool behind a small face.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/executor.hpp>
#include <hindsight/types.hpp>

#include <memory>

namespace hindsight {

/// Runs tasks on a fixed number of threads, in no promised order between subscriptions. Thread-safe. May be shared by
/// buses (`BusOptions::executor`). The destructor runs what is waiting and joins the threads; on one of its own threads
/// it leaves the joining to another.
class HINDSIGHT_API ThreadPool final : public Executor {
public:
    /// Starts the threads. Throws InvalidArgument for 0 threads, std::system_error where the system gives none.
    explicit ThreadPool(unsigned threads = per_core);
    ~ThreadPool() override;

    /// Throws std::bad_alloc.
    void execute(Task task) override;
    bool runs_here() const noexcept override;
    unsigned threads() const noexcept;

    /// Throws InvalidArgument for more threads than make sense.
    static void require_sensible(unsigned threads);

    /// Blocks until every task is done. No more may be given. Not on one of its own threads.
    void join() noexcept;

private:
    struct Threads;
    std::shared_ptr<Threads> threads_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/thread_pool.ipp>
#endif
