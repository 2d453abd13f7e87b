#include "agent.hpp"

#include "events.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

namespace agent_monitor {

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;
constexpr std::uint64_t files_per_beat = 256;
constexpr std::uint64_t bytes_per_beat = 16 << 20;

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

std::string message_of(int error) {
    return std::generic_category().message(error);
}

}  // namespace

Agent::Agent(std::string name, hindsight::EventBus& bus, FileWalk& walk)
    : name_(std::move(name)), bus_(bus), walk_(walk) {}

void Agent::run(const std::stop_token& stop) {
    say(AgentStarted{});
    buffer_.resize(chunk_bytes);
    say(AgentReady{});
    beat();
    while (!stop.stop_requested()) {
        const FileWalk::Batch batch = walk_.next();
        if (batch.empty()) break;
        for (const auto& [path, reason] : batch.unreadable) say(AgentError{path, reason.message()});
        for (const std::string& path : batch.files) index(path);
    }
    beat();
    say(AgentTerminated{.files = files_, .bytes = bytes_});
}

void Agent::index(const std::string& path) {
    const auto start = std::chrono::steady_clock::now();
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) return say(AgentError{path, message_of(errno)});
    std::setvbuf(file.get(), nullptr, _IONBF, 0);  // chunks go straight into the agent's own buffer

    FileIndexed indexed{.path = path};
    while (const std::size_t size = std::fread(buffer_.data(), 1, buffer_.size(), file.get())) {
        const auto newlines = std::count(buffer_.data(), buffer_.data() + size, '\n');
        indexed.bytes += size;
        indexed.lines += static_cast<std::uint64_t>(newlines);
        note_progress(0, size);
    }
    if (std::ferror(file.get()) != 0) return say(AgentError{path, message_of(errno)});

    indexed.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    say(std::move(indexed));
    note_progress(1, 0);
}

void Agent::note_progress(std::uint64_t files, std::uint64_t bytes) {
    files_ += files;
    bytes_ += bytes;
    if (files_ - files_at_beat_ >= files_per_beat || bytes_ - bytes_at_beat_ >= bytes_per_beat) beat();
}

void Agent::beat() {
    files_at_beat_ = files_;
    bytes_at_beat_ = bytes_;
    say(Heartbeat{.agent = name_, .files = files_, .bytes = bytes_});
}

}  // namespace agent_monitor
