// Filtering: what the filters of a topic's subscribers said about one event, and whether it converts for those that
// need that.
#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/impl/detail/converted.hpp>
#include <hindsight/record.hpp>

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

namespace hindsight::detail {

class Filtering {
public:
    /// Asks the filters: user code, without a lock. Each is asked once an event, however often the subscribers change
    /// meanwhile: a filter may itself be what changes them.
    void ask(Frame& frame, const Snapshot& snapshot, const Record& record, Converted& converted) {
        Answers before = std::move(answers_);
        answers_.clear();
        verdicts_.assign(snapshot.nodes.size(), Verdict::passes);
        Running running(frame);
        frame.record = &record;
        for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
            Node& node = *snapshot.nodes[i];
            const EventType* const converted_type = snapshot.converted_type(node);
            if (!node.filtered && converted_type == nullptr) continue;
            const auto same = std::ranges::find(before, &node, [](const Answer& each) { return each.node.get(); });
            // An observer's types may have changed between the two.
            const bool needs_conversion = converted_type != nullptr && !converted.record();
            if (same != before.end() && (!needs_conversion || same->verdict != Verdict::passes)) {
                answers_.push_back(std::move(*same));
            } else {
                const auto seen = [&]() -> const Record& {
                    if (converted_type == nullptr) return record;
                    return converted.of(record, snapshot.conversion, *converted_type, frame.slot);
                };
                answers_.push_back(ask(running, node, seen));
            }
            verdicts_[i] = answers_.back().verdict;
        }
        frame.record = nullptr;
    }

    bool passes(std::size_t index) const noexcept { return verdicts_[index] == Verdict::passes; }

    /// Once the event is accepted.
    template <class Report>
    void count(const Frame& frame, Report report) noexcept {
        for (Answer& answer : answers_) {
            if (answer.verdict == Verdict::rejected) answer.node->filter_rejected.add(frame.slot);
            if (answer.verdict == Verdict::quarantined) answer.node->skipped_paused.add(frame.slot);
            if (answer.verdict == Verdict::failed) report(*answer.node, std::move(answer.error));
        }
    }

private:
    enum class Verdict : std::uint8_t { passes, rejected, failed, disconnected, quarantined };
    struct Answer {
        NodePtr node;
        Verdict verdict;
        std::exception_ptr error = {};
    };
    using Answers = boost::container::small_vector<Answer, 4>;

    /// `seen()`: the record as this subscriber sees it; throws if there is none.
    template <class Seen>
    static Answer ask(Running& running, Node& node, Seen seen) {
        const std::uint32_t flags = running.move_to(node);
        if ((flags & Node::dead) != 0) return {NodePtr::share(node), Verdict::disconnected};
        if ((flags & Node::quarantined) != 0) return {NodePtr::share(node), Verdict::quarantined};
        try {
            const Record& record = seen();
            const bool passes = !node.filtered || node.filter(record);
            return {NodePtr::share(node), passes ? Verdict::passes : Verdict::rejected};
        } catch (...) {
            return {NodePtr::share(node), Verdict::failed, std::current_exception()};
        }
    }

    boost::container::small_vector<Verdict, 16> verdicts_;  // of the snapshot's nodes
    Answers answers_;                                       // of those that were asked
};

}  // namespace hindsight::detail
