// Filtering: what the filters of a topic's subscribers said about one event.
#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/record.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

namespace hindsight::detail {

class Filtering {
public:
    /// Asks all filters: user code, without a lock. What they throw is kept for `failures`.
    void ask(Frame& frame, const Snapshot& snapshot, const Record& record) {
        verdicts_.assign(snapshot.nodes.size(), Verdict::passes);
        failures_.clear();
        Running running(frame);
        frame.record = &record;
        for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
            if (snapshot.nodes[i]->filtered) verdicts_[i] = ask(running, *snapshot.nodes[i], record);
        }
        frame.record = nullptr;
    }

    bool passes(std::size_t index) const noexcept { return verdicts_[index] == Verdict::passes; }

    /// Once the event is accepted.
    template <class Report>
    void count(const Frame& frame, const Snapshot& snapshot, Report report) noexcept {
        for (std::size_t i = 0; i < verdicts_.size(); ++i) {
            if (verdicts_[i] == Verdict::rejected) snapshot.nodes[i]->filter_rejected.add(frame.slot);
        }
        for (Failure& failure : failures_) report(*failure.node, std::move(failure.error));
    }

private:
    enum class Verdict : std::uint8_t { passes, rejected, failed, disconnected };
    struct Failure {
        NodePtr node;
        std::exception_ptr error;
    };

    Verdict ask(Running& running, Node& node, const Record& record) {
        if ((running.move_to(node) & Node::dead) != 0) return Verdict::disconnected;
        std::exception_ptr error;
        try {
            return node.filter(record) ? Verdict::passes : Verdict::rejected;
        } catch (...) {
            error = std::current_exception();
        }
        failures_.push_back({NodePtr::share(node), std::move(error)});
        return Verdict::failed;
    }

    boost::container::small_vector<Verdict, 16> verdicts_;
    boost::container::small_vector<Failure, 1> failures_;
};

}  // namespace hindsight::detail
