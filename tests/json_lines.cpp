#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"
#include "support/refusal.hpp"

#include <hindsight/event_store.hpp>
#include <hindsight/format.hpp>
#include <hindsight/json_lines.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

struct Unwritable {
    static constexpr std::string_view event_name = "test.unwritable";
    std::string event_json() const { throw std::runtime_error("no JSON today"); }
};

TEST_CASE("each record is a line of what to_json says", "[json_lines]") {
    EventStore store;
    store.append(TaskCompleted{"t1", 5.2}, {.source = "worker"});
    store.append(NamedEvent{"system.started"}, {.metadata = {{"a", "1"}, {"a", "2"}}});
    const std::vector<Record> records = store.query();
    std::ostringstream out;
    write_json_lines(out, records);
    CHECK(out.str() == to_json(records[0]) + '\n' + to_json(records[1]) + '\n');
    CHECK(out.str() == fmt::format("{:j}\n{:j}\n", records[0], records[1]));
}

TEST_CASE("typed results are written like others", "[json_lines]") {
    EventStore store;
    store.append(ClockTick{1});
    store.append(TaskFailed{"t1"});
    std::ostringstream typed, untyped;
    write_json_lines(typed, store.query<TaskFailed>());
    write_json_lines(untyped, store.query({.name = "task.failed"}));
    CHECK(typed.str() == untyped.str());
    CHECK_FALSE(typed.str().empty());
}

TEST_CASE("whatever stands in texts, a record is one line", "[json_lines]") {
    EventStore store;
    const std::string bad = "line\nend\r\x01\x7f \"\\ \xff\xc3\x28 \xe2\x80\xa8";
    store.append(NamedEvent{"a.b"},
                 {.source = bad, .key = bad, .correlation = bad, .metadata = {{bad, bad}, {"zero", {"\0", 1}}}});
    std::ostringstream out;
    write_json_lines(out, store.query());
    const std::string text = out.str();
    CHECK(std::ranges::count(text, '\n') == 1);
    CHECK(text.back() == '\n');
    CHECK_THAT(text, Contains("\xef\xbf\xbd"));
    CHECK_FALSE(text.find('\xff') != std::string::npos);
}

TEST_CASE("what cannot be written is told, and half a line is never left", "[json_lines]") {
    EventStore store;
    store.append(ClockTick{1});
    store.append(Unwritable{});
    std::ostringstream out;
    CHECK_THROWS_WITH(write_json_lines(out, store.query()), "no JSON today");
    CHECK(out.str() == to_json(store.query()[0]) + '\n');
    CHECK(refuses<InvalidArgument>("empty", [&] { write_json_line(out, Record()); }));
    out.setstate(std::ios_base::badbit);
    const std::vector<Record> records = store.query({.limit = 1, .take = Take::oldest});
    CHECK(refuses<Error>("seq 1", [&] { write_json_lines(out, records); }));
}

}  // namespace
