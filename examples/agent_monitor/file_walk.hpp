// FileWalk: hands out the files of a directory tree, a few at a time, to the agents that share the work.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

namespace agent_monitor {

/// Thread-safe. Visits regular files only and follows no symbolic links, except that the directory that it starts from
/// may be one. Needs memory for the directories that are still to be visited, not for the files.
class FileWalk {
public:
    struct Unreadable {
        std::string path;
        std::error_code reason;
    };
    struct Batch {
        std::vector<std::string> files;
        std::vector<Unreadable> unreadable;
        bool empty() const noexcept { return files.empty() && unreadable.empty(); }
    };

    explicit FileWalk(std::string directory);

    /// The next files and what stood in the way; empty: the walk is at its end.
    Batch next();

private:
    void visit(const std::filesystem::directory_entry& entry, Batch& batch);

    std::mutex mutex_;
    std::vector<std::string> to_visit_;
    std::string directory_;                        // whose entries these are
    std::filesystem::directory_iterator entries_;  // still to be seen
};

}  // namespace agent_monitor
