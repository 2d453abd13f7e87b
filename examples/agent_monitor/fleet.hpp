// Fleet: the agents, each on a thread of its own.
#pragma once

#include "file_walk.hpp"

#include <hindsight/event_bus.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace agent_monitor {

/// "agent_1" is the first.
std::string agent_name(unsigned number);

class Fleet {
public:
    /// Starts the agents. The destructor asks them to stop and waits for them.
    Fleet(unsigned agents, hindsight::EventBus& bus, FileWalk& walk);

    /// Waits for all agents to be done, for `time` at most; whether they are.
    bool done_within(std::chrono::milliseconds time);

private:
    void note_done();

    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned running_;
    std::vector<std::jthread> threads_;  // last: they use the others
};

}  // namespace agent_monitor
