// read_json_lines against a second parser: a line that it takes is JSON, and says what the record has; what is written
// says the same, and is read as the same.
#include "input.hpp"

#include <hindsight/event_store.hpp>
#include <hindsight/format.hpp>
#include <hindsight/json_lines.hpp>
#include <hindsight/read_json_lines.hpp>

#include <boost/describe/class.hpp>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

using namespace hindsight;
using hindsight::test::require_same;
using Json = nlohmann::json;

namespace {

struct Measured {
    static constexpr std::string_view event_name = "sensor.measured";
    double value = 0;
    std::optional<std::string> unit = {};
    std::vector<int> counts = {};
};
BOOST_DESCRIBE_STRUCT(Measured, (), (value, unit, counts))

JsonLines read(const std::string& text) {
    std::istringstream in(text);
    return read_json_lines<Measured>(in, {.max_line_bytes = 2000, .max_refused = 3});
}

std::string written(const std::vector<Record>& records) {
    std::ostringstream out;
    write_json_lines(out, records);
    return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string text_of(const Json& line, const char* member) {
    return line.contains(member) ? line.at(member).get<std::string>() : std::string();
}

void compare(const Record& record, const Json& line) {
    require_same(line.at("seq").get<Seq>(), record.seq(), "seq");
    require_same(text_of(line, "name"), record.name(), "name");
    require_same(text_of(line, "source"), record.source(), "source");
    require_same(text_of(line, "key"), record.key(), "key");
    require_same(text_of(line, "correlation"), record.correlation(), "correlation");
    require_same(text_of(line, "scope"), record.scope(), "scope");
    require_same(text_of(line, "severity"), to_string(record.severity()), "severity");
    require_same(line.contains("cause") ? line.at("cause").get<Seq>() : 0, record.cause(), "cause");
    require_same(line.contains("metadata") ? line.at("metadata").size() : 0, record.metadata().size(), "metadata");
    require_same(line.contains("payload"), !record.truncated(), "payload");
}

/// What a second reading has to give again; the payload of a dynamic event as it was.
void compare_written(const Record& record, const Json& before) {
    const Json after = Json::parse(to_json(record));
    compare(record, after);
    for (const char* member : {"id", "seq", "name", "severity", "source", "key", "cause", "correlation"}) {
        const auto is_there = [&](const Json& line) {
            return line.contains(member) && line.at(member) != "" && line.at(member) != 0;
        };
        require_same(is_there(before), is_there(after), member);
        if (is_there(before)) require_same(before.at(member), after.at(member), member);
    }
    if (record.get_if<JsonEvent>() != nullptr) require_same(before.at("payload"), after.at("payload"), "the payload");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(test::Input(data, size).all());
    const JsonLines lines = read(text);
    std::size_t taken = 0;
    std::set<std::size_t> refused;
    for (const RefusedLine& each : lines.refused) refused.insert(each.line);
    const std::vector<std::string> raw = lines_of(text);
    require_same(lines.records.size() + lines.refused_count, raw.size(), "the number of lines");
    if (refused.size() == lines.refused_count) {
        for (std::size_t number = 1; number <= raw.size(); ++number) {
            if (refused.contains(number)) continue;
            const Json line = Json::parse(raw[number - 1]);
            compare(lines.records[taken], line);
            compare_written(lines.records[taken], line);
            ++taken;
        }
    }
    const std::string first = written(lines.records);
    JsonLines again = read(first);
    // A line may become longer than it was: numbers and characters that are written otherwise.
    if (again.refused_count == 0) {
        require_same(written(again.records), first, "what is written the second time");
        const bool fits = again.records.empty() || again.records.back().seq() <= Seq{1} << 63U;
        EventStore store;
        if (fits) store.restore(std::move(again.records));
        if (fits) require_same(written(store.query()), first, "what a store gives back");
    }
    for (const RefusedLine& each : again.refused) {
        require_same(each.reason.starts_with("longer than"), true, "a line of its own that is refused");
    }
    return 0;
}
