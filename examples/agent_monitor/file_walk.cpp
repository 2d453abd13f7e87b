#include "file_walk.hpp"

#include <cstddef>
#include <utility>

namespace agent_monitor {

FileWalk::FileWalk(std::string directory) : to_visit_{std::move(directory)} {}

FileWalk::Batch FileWalk::next() {
    constexpr std::size_t enough = 8;  // few, so that no agent is left with much to do at the end
    Batch batch;
    std::error_code error;
    const std::lock_guard lock(mutex_);
    while (batch.files.size() + batch.unreadable.size() < enough) {
        if (entries_ != std::filesystem::directory_iterator()) {
            visit(*entries_, batch);
            entries_.increment(error);
        } else if (!to_visit_.empty()) {
            directory_ = std::move(to_visit_.back());
            to_visit_.pop_back();
            entries_ = std::filesystem::directory_iterator(directory_, error);
        } else {
            break;
        }
        if (error) batch.unreadable.push_back({directory_, error});
    }
    return batch;
}

void FileWalk::visit(const std::filesystem::directory_entry& entry, Batch& batch) {
    std::error_code error;
    if (entry.is_symlink(error)) return;
    if (entry.is_directory(error)) {
        to_visit_.push_back(entry.path().string());
    } else if (entry.is_regular_file(error)) {
        batch.files.push_back(entry.path().string());
    } else if (error) {
        batch.unreadable.push_back({entry.path().string(), error});
    }
}

}  // namespace agent_monitor
