// What agents say. Boost.Describe tells the library the members of the events, so that JSON shows them. Who says it is
// the source of the event: the agent's name.
#pragma once

#include <hindsight/types.hpp>

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace agent_monitor {

struct AgentStarted {
    static constexpr std::string_view event_name = "agent.started";
};
BOOST_DESCRIBE_STRUCT(AgentStarted, (), ())

struct AgentReady {
    static constexpr std::string_view event_name = "agent.ready";
};
BOOST_DESCRIBE_STRUCT(AgentReady, (), ())

/// What the agent has done so far.
struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::debug;
    std::string agent;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    static constexpr auto event_key = &Heartbeat::agent;
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (), (agent, files, bytes))

/// A file or directory could not be read.
struct AgentError {
    static constexpr std::string_view event_name = "agent.error";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string path;
    std::string reason;
    std::size_t event_payload_bytes() const { return sizeof *this + path.size() + reason.size(); }
};
BOOST_DESCRIBE_STRUCT(AgentError, (), (path, reason))

struct FileIndexed {
    static constexpr std::string_view event_name = "file.indexed";
    std::string path;
    std::uint64_t bytes = 0;
    std::uint64_t lines = 0;  ///< newline characters
    double seconds = 0;       ///< that reading it took
    std::size_t event_payload_bytes() const { return sizeof *this + path.size(); }
};
BOOST_DESCRIBE_STRUCT(FileIndexed, (), (path, bytes, lines, seconds))

struct AgentTerminated {
    static constexpr std::string_view event_name = "agent.terminated";
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(AgentTerminated, (), (files, bytes))

}  // namespace agent_monitor
