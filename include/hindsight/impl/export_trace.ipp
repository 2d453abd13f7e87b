#pragma once

#include <hindsight/detail/json_text.hpp>
#include <hindsight/export.hpp>
#include <hindsight/format.hpp>
#include <hindsight/impl/detail/exported_records.hpp>
#include <hindsight/impl/detail/trace_tracks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

namespace export_trace {

inline constexpr std::uint64_t events_process = 1;
inline constexpr std::uint64_t handlers_process = 2;

/// From an event to another or to a run.
struct Arrow {
    std::size_t from = 0;  // index of the record
    std::uint64_t id = 0;
    std::string_view kind;
};

inline void append_microseconds(std::string& out, TraceTime nanoseconds) {
    append_json_number(out, std::uint64_t{nanoseconds / 1000});
    const std::uint64_t rest = nanoseconds % 1000;
    out += '.';
    out += {static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
            static_cast<char>('0' + rest % 10)};
}

inline std::string name_of(const HandlerRun& run) {
    return run.handler && !run.handler->name.empty() ? run.handler->name : "#" + std::to_string(run.subscription);
}

class TraceWriter {
public:
    TraceWriter(std::ostream& out, std::span<const Record> records, std::span<const HandlerRun> runs)
        : out_(out), exported_(records), runs_(runs), clock_(exported_, runs),
          events_(slices_of_events(exported_, clock_)),
          run_slices_(slices_of_runs(runs, clock_, exported_.sources().size() + 1)) {
        find_arrows();
    }

    void write() {
        append_json_time(text_ += R"({"displayTimeUnit":"ns","otherData":{"begin":)", clock_.begin());
        text_ += R"(},"traceEvents":[)";
        write_tracks();
        std::size_t arrow = 0;
        for (const TraceSlice& slice : events_) {
            write_event(slice);
            // Beside the slice that it starts from: readers choose the last of those that begin at the same time.
            for (; arrow < arrows_.size() && arrows_[arrow].from == slice.index; ++arrow)
                write_arrow('s', events_process, slice, arrows_[arrow].kind, arrows_[arrow].id);
            if (causes_[slice.index] != ExportedRecords::none)
                write_arrow('f', events_process, slice, "cause", id_of_event(slice.index));
        }
        for (const TraceSlice& slice : run_slices_) {
            write_run(slice);
            if (is_shown_with_event_[slice.index])
                write_arrow('f', handlers_process, slice, "delivery", id_of_run(slice.index));
        }
        text_ += "\n]}\n";
        flush();
    }

private:
    /// Of the arrow that ends there.
    static std::uint64_t id_of_event(std::size_t record) noexcept { return std::uint64_t{record} + 1; }
    std::uint64_t id_of_run(std::size_t run) const noexcept { return std::uint64_t{events_.size()} + run + 1; }

    void find_arrows() {
        causes_.reserve(events_.size());
        for (const TraceSlice& slice : events_) {
            std::size_t cause = exported_.cause_of(slice.index);
            if (cause == slice.index || (cause != ExportedRecords::none && events_[cause].begin > slice.begin))
                cause = ExportedRecords::none;
            causes_.push_back(cause);
            if (cause != ExportedRecords::none) arrows_.push_back({cause, id_of_event(slice.index), "cause"});
        }
        is_shown_with_event_.resize(runs_.size());
        for (const TraceSlice& slice : run_slices_) {
            const std::size_t event = exported_.find(runs_[slice.index].event);
            if (event == ExportedRecords::none || events_[event].begin > slice.begin) continue;
            is_shown_with_event_[slice.index] = true;
            arrows_.push_back({event, id_of_run(slice.index), "delivery"});
        }
        std::ranges::stable_sort(arrows_, {}, &Arrow::from);
    }

    /// Begins the object of one trace event.
    JsonList& start(JsonList& members, char phase, std::uint64_t process, std::uint64_t track) {
        members.next("ph") += {'"', phase, '"'};
        append_json_number(members.next("pid"), process);
        append_json_number(members.next("tid"), track);
        return members;
    }

    std::string& next_line() {
        flush();
        text_ += is_first_ ? "\n" : ",\n";
        is_first_ = false;
        return text_;
    }

    void write_metadata(std::string_view kind, std::uint64_t process, std::uint64_t track, std::string_view name) {
        JsonList members(next_line(), '{', '}');
        start(members, 'M', process, track);
        append_json_string(members.next("name"), kind);
        JsonList arguments(members.next("args"), '{', '}');
        append_json_string(arguments.next("name"), name);
        arguments.end();
        members.end();
    }

    void write_tracks() {
        if (!events_.empty()) write_metadata("process_name", events_process, 1, "events");
        std::uint64_t track = 0;
        for (const std::string_view source : exported_.sources())
            write_metadata("thread_name", events_process, ++track, shown_source(source));
        for (const TraceSlice& slice : run_slices_) {
            if (slice.track == track) continue;
            if (track == exported_.sources().size())
                write_metadata("process_name", handlers_process, slice.track, "handlers");
            track = slice.track;
            write_metadata("thread_name", handlers_process, track,
                           "thread " + std::to_string(runs_[slice.index].thread));
        }
    }

    void append_slice(JsonList& members, std::uint64_t process, const TraceSlice& slice, std::string_view name,
                      std::string_view category) {
        start(members, 'X', process, slice.track);
        append_microseconds(members.next("ts"), slice.begin);
        append_microseconds(members.next("dur"), slice.duration);
        append_json_string(members.next("name"), name);
        append_json_string(members.next("cat"), category);
    }

    void write_event(const TraceSlice& slice) {
        const Record& record = *exported_.records()[slice.index];
        JsonList members(next_line(), '{', '}');
        append_slice(members, events_process, slice, record.name(), record.category());
        if (record.severity() >= Severity::error) members.next("cname") += "\"terrible\"";
        members.next("args") += to_json(record);
        members.end();
    }

    void write_run(const TraceSlice& slice) {
        const HandlerRun& run = runs_[slice.index];
        JsonList members(next_line(), '{', '}');
        append_slice(members, handlers_process, slice, name_of(run), "handler");
        if (run.failed) members.next("cname") += "\"terrible\"";
        JsonList arguments(members.next("args"), '{', '}');
        append_json_number(arguments.next("seq"), run.event.seq);
        append_json_number(arguments.next("subscription"), run.subscription);
        if (run.handler) {
            append_json_string(arguments.next("pattern"), run.handler->pattern);
            arguments.next("delivery") += run.handler->delivery == Delivery::queued ? "\"queued\"" : "\"direct\"";
        }
        arguments.next("failed") += run.failed ? "true" : "false";
        append_json_time(arguments.next("start"), run.start);
        append_json_number(arguments.next("nanoseconds"), std::int64_t{run.duration.count()});
        append_json_number(arguments.next("native_thread"), run.native_thread);
        arguments.end();
        members.end();
    }

    void write_arrow(char phase, std::uint64_t process, const TraceSlice& slice, std::string_view kind,
                     std::uint64_t id) {
        JsonList members(next_line(), '{', '}');
        start(members, phase, process, slice.track);
        append_microseconds(members.next("ts"), slice.begin);
        append_json_string(members.next("name"), kind);
        append_json_string(members.next("cat"), kind);
        append_json_number(members.next("id"), id);
        if (phase == 'f') members.next("bp") += "\"e\"";  // it ends at the slice that begins here, not at the next
        members.end();
    }

    void flush() {
        out_ << text_;
        text_.clear();
    }

    std::ostream& out_;
    const ExportedRecords exported_;
    const std::span<const HandlerRun> runs_;
    const TraceClock clock_;
    const std::vector<TraceSlice> events_;
    const std::vector<TraceSlice> run_slices_;
    std::vector<std::size_t> causes_;        // of each event, where the arrow is shown
    std::vector<bool> is_shown_with_event_;  // for each run
    std::vector<Arrow> arrows_;              // by the events that they start from
    std::string text_;
    bool is_first_ = true;
};

}  // namespace export_trace

}  // namespace hindsight::detail

namespace hindsight {

HINDSIGHT_INLINE void write_trace(std::ostream& out, std::span<const Record> records,
                                  std::span<const HandlerRun> runs) {
    detail::export_trace::TraceWriter(out, records, runs).write();
}

}  // namespace hindsight
