// Waiting events and holes, for tests of queues and mailboxes.
#pragma once

#include "envelopes.hpp"
#include "events.hpp"

#include <hindsight/detail/pending_queue.hpp>

#include <cstdint>
#include <map>
#include <ostream>
#include <string_view>
#include <vector>

namespace hindsight::test {

using Seqs = std::vector<Seq>;

/// Events by their seq and key, made when they are first asked for. Queues own no references: this does.
class Envelopes {
public:
    detail::Envelope& operator[](Seq seq) { return at(seq, {}); }
    detail::Envelope& at(Seq seq, std::string_view key) {
        detail::EnvelopePtr& envelope = envelopes_[seq];
        if (!envelope) envelope = envelope_of(ClockTick{}, seq, {.key = key});
        return *envelope;
    }

private:
    std::map<Seq, detail::EnvelopePtr> envelopes_;
};

/// What comes out of a queue: an event, and the hole before it. Seq 0: a hole without an event.
struct Taken {
    Seq seq = 0;
    Seq first = 0, last = 0;
    std::uint64_t missed = 0;

    friend bool operator==(const Taken& a, const Taken& b) {
        const bool same_hole = a.missed == b.missed && (a.missed == 0 || (a.first == b.first && a.last == b.last));
        return a.seq == b.seq && same_hole;
    }
    friend std::ostream& operator<<(std::ostream& out, const Taken& taken) {
        out << "event " << taken.seq;
        if (taken.missed > 0) out << " after " << taken.missed << " missed, " << taken.first << " to " << taken.last;
        return out;
    }
};

inline Taken taken(const detail::Pending& pending) {
    return {pending.envelope != nullptr ? pending.envelope->seq : 0, pending.before.first, pending.before.last,
            pending.before.missed};
}

template <class Queue>
Taken pop(Queue& queue) {
    return taken(queue.pop());
}

/// What is waiting, in order, without taking it.
template <class Queue>
Seqs visited(const Queue& queue) {
    Seqs seqs;
    queue.for_each([&](const detail::Envelope& each) { seqs.push_back(each.seq); });
    return seqs;
}

}  // namespace hindsight::test
