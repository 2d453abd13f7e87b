// JsonFile: where the history goes, one JSON object per line.
#pragma once

#include <hindsight/event_store.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace agent_monitor {

class JsonFile {
public:
    /// Throws std::runtime_error, with a message for the user, if it cannot be written.
    explicit JsonFile(std::string path);

    /// Writes all that history remembers. Throws as above. To be called once.
    void write(const hindsight::EventStore& history);

private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    [[noreturn]] void fail() const;

    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace agent_monitor
