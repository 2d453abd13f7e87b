// What the user wants, read from the command line.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace agent_monitor {

struct Options {
    std::string directory = "/usr/include";
    unsigned agents = 1;
    std::size_t history = 100'000;
    std::optional<std::string> json_file = {};
    std::optional<std::string> trace_file = {};
    bool help = false;
};

/// The command line makes no sense; the message is for the user.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// `arguments`: without the program's name. Throws UsageError, also when there is no such directory.
Options parse_options(std::span<char* const> arguments);

extern const std::string_view help_text;

}  // namespace agent_monitor
