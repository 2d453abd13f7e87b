// What is written of records with any texts, against other parsers: JSON, traces (nlohmann-json), and graphs
// (Graphviz's).
#include "input.hpp"

#include <hindsight/event_store.hpp>
#include <hindsight/export.hpp>
#include <hindsight/format.hpp>

#include <boost/describe/class.hpp>

#include <nlohmann/json.hpp>

#ifdef HINDSIGHT_FUZZ_GRAPHVIZ
#    include <cgraph.h>
#endif

#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using hindsight::test::require_same;
using Json = nlohmann::json;

namespace {

struct Note {
    static constexpr std::string_view event_name = "end.note-x";
    std::string text;
    double number = 0;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text, number))

constexpr std::array names{"end", "loop.end", "style", "A-x.-B", "participant.as"};

void append(EventStore& store, test::Input& input) {
    const std::string_view meta = input.text();
    const EmitOptions options{.source = input.text(),
                              .key = input.text(),
                              .severity = input.severity(),
                              .correlation = input.text(),
                              .cause = input.below(40),
                              .metadata = {{meta, input.text()}, {input.text(), meta}},
                              .time = input.time()};
    if (input.once_in(2)) {
        store.append(NamedEvent{std::string(names[input.below(names.size())])}, options);
    } else {
        store.append(Note{std::string(input.text()), static_cast<double>(input.below(1000)) / 7}, options);
    }
}

bool is_utf8(std::string_view text) {
    try {
        return !Json(text).dump().empty();
    } catch (const Json::type_error&) {
        return false;
    }
}

/// The text itself; of text that is no UTF-8 only that it has become such.
void compare_text(const Json& found, std::string_view text, std::string_view what) {
    if (is_utf8(text)) require_same(found.get<std::string>(), text, what);
}

void compare_json(const Json& json, const Record& record) {
    require_same(json.at("seq").get<Seq>(), record.seq(), "seq");
    require_same(json.at("name").get<std::string>(), record.name(), "name");
    require_same(json.contains("source"), !record.source().empty(), "source");
    if (!record.source().empty()) compare_text(json.at("source"), record.source(), "source");
    if (!record.key().empty()) compare_text(json.at("key"), record.key(), "key");
    if (!record.correlation().empty()) compare_text(json.at("correlation"), record.correlation(), "correlation");
    const auto metadata = record.metadata();
    require_same(json.at("metadata").size(), metadata.size(), "metadata");
    if (const Note* note = record.get_if<Note>()) {
        compare_text(json.at("payload").at("text"), note->text, "the payload's text");
        require_same(json.at("payload").at("number").get<double>(), note->number, "the payload's number");
    }
}

void compare_trace(const std::vector<Record>& records) {
    std::ostringstream out;
    write_trace(out, records);
    const Json trace = Json::parse(out.str());
    std::size_t found = 0;
    for (const Json& event : trace.at("traceEvents")) {
        if (event.at("ph") != "X") continue;
        require_same(event.at("args"), Json::parse(to_json(records.at(found))), "the arguments of a slice");
        ++found;
    }
    require_same(found, records.size(), "the number of slices");
}

#ifdef HINDSIGHT_FUZZ_GRAPHVIZ
void compare_graph(const std::vector<Record>& records) {
    std::ostringstream out;
    write_graphviz(out, records);
    std::map<Seq, std::string> nodes;  // of what is caused
    std::set<Seq> earlier;
    std::size_t edges = 0;
    for (const Record& record : records) nodes[record.seq()] = record.name();
    for (const Record& record : records) {
        if (record.cause() == 0) continue;
        ++edges;
        if (!nodes.contains(record.cause())) earlier.insert(record.cause());
    }
    Agraph_t* const graph = agmemread(out.str().c_str());
    require_same(graph != nullptr, true, "whether it is a graph");
    const std::pair found(agnnodes(graph), agnedges(graph));
    agclose(graph);
    require_same(static_cast<std::size_t>(found.first), nodes.size() + earlier.size(), "the number of nodes");
    require_same(static_cast<std::size_t>(found.second), edges, "the number of edges");
}
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::Input input(data, size);
    EventStore store;
    while (!input.empty() && store.size() < 30) append(store, input);
    const std::vector<Record> records = store.query();
    for (const Record& record : records) {
        const std::string json = to_json(record);
        require_same(json.find('\n'), std::string::npos, "a line end in a line");
        compare_json(Json::parse(json), record);
    }
    compare_trace(records);
#ifdef HINDSIGHT_FUZZ_GRAPHVIZ
    compare_graph(records);
#endif
    return 0;
}
