#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <thread>

namespace agent_monitor {

const std::string_view help_text =
    R"(usage: agent_monitor [DIRECTORY] [--agents N] [--history N] [--json FILE] [--trace FILE] [--help]

A fleet of agents reads every regular file below DIRECTORY (/usr/include), those that `find DIRECTORY/ -type f` lists:
symbolic links are not followed, unless DIRECTORY itself is one. What the agents say goes over an event bus; the report
at the end is made from its history and statistics. Unreadable files and directories are counted as errors.

  --agents N    how many agents share the work, 1 to 512; default: one for each core
  --history N   how many file.indexed events are remembered, 0 to 100000000; default: 100000
  --json FILE   write the history to FILE, one JSON object per line
  --trace FILE  write the history and the newest 100000 runs of handlers to FILE, for https://ui.perfetto.dev
  --help        print this and exit

Exit codes: 0 the tree was read, whether or not there were errors; 1 the output could not be written; 2 wrong usage.
)";

namespace {

constexpr unsigned max_agents = 512;  // each has a file open, and 1,024 open files are a common limit
constexpr std::size_t max_history = 100'000'000;

template <class Number>
Number parse_number(std::string_view option, std::string_view text, Number least, Number most) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end || number < least || number > most) {
        throw UsageError(fmt::format("{} takes a number from {} to {}, not {:?}", option, least, most, text));
    }
    return number;
}

void require_directory(const std::string& path) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        throw UsageError(fmt::format("{:?} does not exist", path));
    }
    if (error) throw UsageError(fmt::format("{:?}: {}", path, error.message()));
    if (!std::filesystem::is_directory(status)) throw UsageError(fmt::format("{:?} is not a directory", path));
}

}  // namespace

Options parse_options(std::span<char* const> arguments) {
    Options options{.agents = std::clamp(std::thread::hardware_concurrency(), 1U, max_agents)};
    bool has_directory = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const auto value = [&]() -> std::string_view {
            if (++i == arguments.size()) throw UsageError(fmt::format("{} needs a value", argument));
            return arguments[i];
        };
        if (argument == "--help") {
            options.help = true;
            return options;
        }
        if (argument == "--agents") {
            options.agents = parse_number(argument, value(), 1U, max_agents);
        } else if (argument == "--history") {
            options.history = parse_number(argument, value(), std::size_t{0}, max_history);
        } else if (argument == "--json") {
            options.json_file = value();
        } else if (argument == "--trace") {
            options.trace_file = value();
        } else if (argument.starts_with('-')) {
            throw UsageError(fmt::format("there is no option {:?}; see --help", argument));
        } else if (has_directory) {
            throw UsageError(fmt::format("one directory at a time: {:?} and {:?}", options.directory, argument));
        } else {
            options.directory = argument;
            has_directory = true;
        }
    }
    require_directory(options.directory);
    return options;
}

}  // namespace agent_monitor
