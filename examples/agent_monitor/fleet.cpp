#include "fleet.hpp"

#include "agent.hpp"

#include <stop_token>

namespace agent_monitor {

std::string agent_name(unsigned number) {
    return "agent_" + std::to_string(number);
}

Fleet::Fleet(unsigned agents, hindsight::EventBus& bus, FileWalk& walk) : running_(agents) {
    for (unsigned number = 1; number <= agents; ++number) {
        threads_.emplace_back([this, number, &bus, &walk](const std::stop_token& stop) {
            Agent(agent_name(number), bus, walk).run(stop);
            note_done();
        });
    }
}

bool Fleet::done_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return running_ == 0; });
}

void Fleet::note_done() {
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_one();
}

}  // namespace agent_monitor
