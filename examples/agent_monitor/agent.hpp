// Agent: reads files, counts their bytes and lines, and says on the bus what it does.
#pragma once

#include "file_walk.hpp"

#include <hindsight/event_bus.hpp>

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace agent_monitor {

class Agent {
public:
    Agent(std::string name, hindsight::EventBus& bus, FileWalk& walk);

    /// Works until there are no more files, or a stop is requested.
    void run(const std::stop_token& stop);

private:
    template <class E>
    void say(E event) {
        bus_.emit(std::move(event), {.source = name_});
    }

    void index(const std::string& path);
    void note_progress(std::uint64_t files, std::uint64_t bytes);
    void beat();

    const std::string name_;
    hindsight::EventBus& bus_;
    FileWalk& walk_;
    std::vector<char> buffer_;
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t files_at_beat_ = 0;
    std::uint64_t bytes_at_beat_ = 0;
};

}  // namespace agent_monitor
