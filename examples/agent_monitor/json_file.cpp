#include "json_file.hpp"

#include <hindsight/format.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace agent_monitor {

JsonFile::JsonFile(std::string path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {
    if (!file_) fail();
}

void JsonFile::write(const hindsight::EventStore& history) {
    for (const hindsight::Record& record : history.query()) {
        const std::string line = hindsight::to_json(record) + '\n';
        if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail();
    }
    if (std::fclose(file_.release()) != 0) fail();
}

void JsonFile::fail() const {
    throw std::runtime_error(fmt::format("cannot write {:?}: {}", path_, std::generic_category().message(errno)));
}

}  // namespace agent_monitor
