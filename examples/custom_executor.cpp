// Handlers on a thread of one's own choice: here the main thread, as a program with a window would want it.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct DownloadProgress {
    static constexpr std::string_view event_name = "download.progress";
    int percent;
};

class MainLoop final : public hindsight::Executor {
public:
    void execute(hindsight::Task task) override {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        changed_.notify_one();
    }

    bool runs_here() const noexcept override { return std::this_thread::get_id() == thread_; }

    void run_tasks() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !tasks_.empty(); });
        auto tasks = std::exchange(tasks_, {});
        lock.unlock();
        for (hindsight::Task& task : tasks) task();
    }

private:
    const std::thread::id thread_ = std::this_thread::get_id();
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<hindsight::Task> tasks_;
};

int main() {
    const auto loop = std::make_shared<MainLoop>();
    hindsight::EventBus bus{{.executor = loop}};
    bool finished = false;  // the handler runs on this thread, so no lock is needed
    auto drawing = bus.subscribe<DownloadProgress>([&](const DownloadProgress& progress) {
        fmt::print("{:>3} %, drawn on the main thread: {}\n", progress.percent, loop->runs_here());
        finished = progress.percent == 100;
    });
    std::jthread download([&bus] {
        for (const int percent : {25, 50, 75, 100}) bus.emit(DownloadProgress{percent});
    });
    while (!finished) loop->run_tasks();
}
