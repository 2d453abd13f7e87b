// Writes exports of one random history, whose texts are made to break formats, and what stands in them, for check.py:
//
//     write_samples DIRECTORY SEED
#include <hindsight/delivery_log.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/export.hpp>
#include <hindsight/format.hpp>
#include <hindsight/prometheus.hpp>
#include <hindsight/scope.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace hindsight;

struct Note {
    static constexpr std::string_view event_name = "end.note-x";
    std::string text;
    std::string event_json() const { return text; }
};

class Samples {
public:
    explicit Samples(unsigned seed) : random_(seed) {
        sources_.push_back("");
        for (int i = 0; i < 12; ++i) sources_.push_back(nasty_text());
        for (int i = 0; i < 4; ++i) subscribe();
    }

    void emit_some() {
        for (int i = 0; i < 150; ++i) {
            clock_->advance(Duration(below(4) == 0 ? 0 : below(3000)));
            emit();
        }
        bus_.run_pending();
    }

    void write(const std::filesystem::path& directory) const {
        const std::vector<Record> records = bus_.history().query();
        std::ofstream all(directory / "records.jsonl", std::ios::binary);
        for (const Record& record : records) all << to_json(record) << '\n';
        write_with(directory / "trace.json",
                   [&](std::ostream& out) { write_trace(out, records, deliveries_->runs()); });
        write_with(directory / "diagram.mmd", [&](std::ostream& out) { write_mermaid(out, records); });
        write_with(directory / "graph.dot", [&](std::ostream& out) { write_graphviz(out, records); });
        const Statistics stats = bus_.stats();
        write_with(directory / "statistics.json", [&](std::ostream& out) { out << to_json(stats); });
        write_with(directory / "metrics.txt",
                   [&](std::ostream& out) { out << to_prometheus(stats) << to_prometheus(bus_.history().stats()); });
    }

private:
    static constexpr std::size_t remembered = 120;

    template <class Write>
    static void write_with(const std::filesystem::path& file, Write write) {
        std::ofstream out(file, std::ios::binary);
        write(out);
        if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
    }

    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    std::string nasty_text() {
        using namespace std::string_view_literals;
        static constexpr std::array pieces{
            "\""sv,
            "\\"sv,
            "\n"sv,
            "\r"sv,
            "\t"sv,
            "\0"sv,
            "\x1b[31m"sv,
            "\x7f"sv,
            "\xff"sv,
            "\xc3"sv,
            "\xe2\x82"sv,
            "\xed\xa0\x80"sv,
            "\xef\xbf\xbf"sv,
            "<b>"sv,
            "</svg>"sv,
            "&lt;"sv,
            "&#0;"sv,
            ";"sv,
            "#"sv,
            "#quot;"sv,
            "%%"sv,
            "%%{init: {}}%%"sv,
            "-->"sv,
            "->>"sv,
            ":"sv,
            "wrap:"sv,
            "style"sv,
            "classDef"sv,
            "end"sv,
            " as "sv,
            "@{ \"x\" }"sv,
            "{"sv,
            "}"sv,
            "[("sv,
            "$$x$$"sv,
            "\\N"sv,
            "\\l"sv,
            "\u2028"sv,
            "\u0085"sv,
            "\u00a0"sv,
            "\ufeff"sv,
            "\u00fc"sv,
            "\u20ac"sv,
            "\U0001f600"sv,
            "\ufb02\u00b0\u00b035\u00b6\u00df"sv,
            "---"sv,
            "//"sv,
            "/*"sv,
            "participant"sv,
            "Note over p1: x"sv,
            "a"sv,
            " "sv,
            "  "sv,
            "0"sv,
            "'"sv,
            "`"sv,
        };
        std::string text;
        for (unsigned count = 1 + below(12); count > 0; --count) {
            if (below(4) == 0) {
                text += static_cast<char>(below(256));
            } else {
                text += pieces[below(pieces.size())];
            }
        }
        while (below(15) == 0) text += text;
        return text;
    }

    void subscribe() {
        const bool direct = below(2) == 0;
        const auto handle = [this](const Record&) {
            clock_->advance(Duration(below(2000)));
            if (depth_ < 2 && emits_of_handlers_ > 0 && below(3) == 0) {
                --emits_of_handlers_;
                ++depth_;
                emit();
                --depth_;
            }
            clock_->advance(Duration(below(2000)));
            if (below(10) == 0) throw std::runtime_error("on purpose");
        };
        bus_.subscribe(below(2) == 0 ? "*" : "end.*", handle,
                       {.name = below(3) == 0 ? std::string() : nasty_text(),
                        .delivery = direct ? Delivery::direct : Delivery::queued,
                        .quarantine = QuarantineOptions{.failures = 10 + below(30)}})
            .detach();
    }

    void emit() {
        const std::string key = nasty_text();
        const std::string correlation = nasty_text();
        const std::string meta = nasty_text();
        const EmitOptions options{.source = sources_[below(static_cast<unsigned>(sources_.size()))],
                                  .key = key,
                                  .severity = static_cast<Severity>(below(6)),
                                  .correlation = correlation,
                                  .cause = depth_ == 0 && below(2) == 0 ? below(250) : 0,
                                  .metadata = {{meta, key}}};
        if (below(3) == 0) {
            scopes_[below(static_cast<unsigned>(scopes_.size()))].emit(NamedEvent{"in.scope"}, options);
        } else if (below(2) == 0) {
            static const std::array<std::string, 6> names{"end",    "loop.end",       "style",
                                                          "A-x.-B", "participant.as", "x" + std::string(200, 'y')};
            bus_.emit(NamedEvent{names[below(names.size())]}, options);
        } else {
            const Record text = scratch_.find(scratch_.append(NamedEvent{"x"}, {.source = nasty_text()}).seq).value();
            bus_.emit(Note{to_json(text)}, options);
        }
    }

    std::mt19937 random_;
    std::vector<std::string> sources_;
    int depth_ = 0;
    int emits_of_handlers_ = 60;  // queued handlers would go on for ever
    EventStore scratch_;
    std::shared_ptr<ManualClock> clock_ =
        std::make_shared<ManualClock>(TimePoint(std::chrono::nanoseconds(1'795'000'000'123'456'789)));
    std::shared_ptr<DeliveryLog> deliveries_ = std::make_shared<DeliveryLog>(400);
    SingleThreadedBus bus_{{.history = {.capacity = remembered},
                            .clock = clock_,
                            .on_error = [](const HandlerError&) {},
                            .deliveries = deliveries_,
                            .watch = {.times = true, .unhandled = true}}};
    std::array<Scope, 4> scopes_{bus_.scope("end"), bus_.scope("Aqua.box-1"), bus_.scope("end.end"),
                                 bus_.scope(std::string(200, 's'))};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    Samples samples(static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
    samples.emit_some();
    samples.write(argv[1]);
}
