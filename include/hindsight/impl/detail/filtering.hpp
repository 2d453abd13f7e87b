// Filtering: what the filters of a topic's subscribers said about one event.
#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/snapshot.hpp>
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
    void ask(Frame& frame, const Snapshot& snapshot, const Record& record) {
        Answers before = std::move(answers_);
        answers_.clear();
        verdicts_.assign(snapshot.nodes.size(), Verdict::passes);
        Running running(frame);
        frame.record = &record;
        for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
            Node& node = *snapshot.nodes[i];
            if (!node.filtered) continue;
            const auto same = std::ranges::find(before, &node, [](const Answer& each) { return each.node.get(); });
            answers_.push_back(same != before.end() ? std::move(*same) : ask(running, node, record));
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
            if (answer.verdict == Verdict::failed) report(*answer.node, std::move(answer.error));
        }
    }

private:
    enum class Verdict : std::uint8_t { passes, rejected, failed, disconnected };
    struct Answer {
        NodePtr node;
        Verdict verdict;
        std::exception_ptr error = {};
    };
    using Answers = boost::container::small_vector<Answer, 4>;

    static Answer ask(Running& running, Node& node, const Record& record) {
        if ((running.move_to(node) & Node::dead) != 0) return {NodePtr::share(node), Verdict::disconnected};
        try {
            return {NodePtr::share(node), node.filter(record) ? Verdict::passes : Verdict::rejected};
        } catch (...) {
            return {NodePtr::share(node), Verdict::failed, std::current_exception()};
        }
    }

    boost::container::small_vector<Verdict, 16> verdicts_;  // of the snapshot's nodes
    Answers answers_;                                       // of those that have a filter
};

}  // namespace hindsight::detail
