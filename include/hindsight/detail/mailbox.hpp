// Mailbox: the bounded queue of one queued subscription, and its overflow policy. The ledger's lock guards all of it
// but the atomics; nothing here locks, and nothing but `reserve` and `take_if` allocates or throws.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/backlog.hpp>
#include <hindsight/detail/concurrent_runs.hpp>
#include <hindsight/detail/conflating_queue.hpp>
#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/pending_queue.hpp>
#include <hindsight/detail/prefetch.hpp>
#include <hindsight/detail/stream.hpp>
#include <hindsight/detail/turn_progress.hpp>
#include <hindsight/options.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <variant>

namespace hindsight::detail {

class HINDSIGHT_API Mailbox {
public:
    /// Throws InvalidArgument for a capacity of 0. A hard limit below the capacity counts as the capacity.
    explicit Mailbox(const MailboxOptions& options);

    enum class Room : std::uint8_t { ready, full };
    enum class Fate : std::uint8_t { queued, dropped };
    struct Push {
        Fate fate = Fate::queued;
        Envelope* displaced = nullptr;  // taken out for it: the caller finishes its delivery, outside the lock
    };

    /// `full`: a `block` mailbox has no room for an emitter that could wait.
    Room room() const noexcept {
        return overflow() == Overflow::block && size() >= room_until_ ? Room::full : Room::ready;
    }
    /// The same for several events at once. More than the capacity need the mailbox for themselves, which then grows.
    Room room_for(std::size_t count) const noexcept {
        if (count <= 1 || overflow() != Overflow::block) return room();
        const bool fits = size() + count <= options_.capacity || (size() == 0 && count <= options_.hard_limit);
        return room_until_ > 0 && fits ? Room::ready : Room::full;
    }
    /// From here on there is no room, until `release_emitters`.
    void hold_emitters() noexcept { room_until_ = 0; }

    /// Makes sure that the next push does not need memory. Throws std::bad_alloc, changing nothing.
    void reserve_one() {
        const auto* const queue = std::get_if<PendingQueue>(&queue_);
        if (queue == nullptr || !queue->has_room()) [[unlikely]]
            reserve(1);
    }
    /// The same for the next `count`.
    void reserve(std::size_t count);

    /// Takes the record in, with the reference that the caller adds if its fate is `queued`. A `block` mailbox that is
    /// full grows to its hard limit; `no_growth`: the emitter has waited for room in vain.
    Push push(Envelope& envelope, bool no_growth) noexcept {
        auto* const queue = std::get_if<PendingQueue>(&queue_);
        if (queue == nullptr || queue->size() >= options_.capacity) [[unlikely]]
            return push_thoroughly(envelope, no_growth);
        queue->push(envelope);
        return {};
    }

    /// Hands out the next records in order, as many as one turn may take; 0: nothing waits and the mailbox is idle.
    /// The last one may be a hole without a record. Counts them as in hand until the next turn.
    std::size_t take(std::span<Pending> out) noexcept;

    using Queue = std::variant<PendingQueue, ConflatingQueue>;

    /// Takes everything out, for the caller to finish outside the lock. What is held back has been taken before.
    Queue take_all() noexcept;

    /// Takes out the records that `goes(const Envelope&)` chooses, as if they had never been there, but not what is
    /// held back. Throws std::bad_alloc, changing nothing.
    template <class F>
    Queue take_if(F goes) {
        return std::visit(
            [&]<class Kind>(Kind& queue) {
                Kind kept, taken;
                std::size_t keep = 0, take = 0;
                queue.for_each([&](const Envelope& each) { ++(goes(each) ? take : keep); });
                kept.reserve(keep + (held_back != nullptr ? 1 : 0));
                taken.reserve(take);
                while (queue.size() > 0) {
                    const Pending front = queue.pop();
                    kept.note_hole_at_end(front.before);
                    (goes(*front.envelope) ? taken : kept).push(*front.envelope);
                }
                kept.note_hole_at_end(queue.take_hole_at_end());
                queue = std::move(kept);
                return Queue(std::move(taken));
            },
            queue_);
    }

    /// What came in; `backlog`, which is delivered before it, does not count.
    std::size_t size() const noexcept {
        return std::visit([](const auto& queue) { return queue.size(); }, queue_);
    }
    /// All that waits, records whose subscription is still choosing among them included.
    std::size_t waiting() const noexcept {
        return size() + undecided + (held_back != nullptr ? 1 : 0) + (backlog ? backlog->size() : 0);
    }
    /// What waits, and what is in the hands of the threads whose turn it is.
    std::size_t unfinished() const noexcept { return waiting() + progress.in_hand() + (runs ? runs->in_hand() : 0); }
    /// The node is dead: how much of that no handler will see; as TurnProgress::lost.
    std::size_t lost() const noexcept { return waiting() + progress.lost() + (runs ? runs->lost() : 0); }
    /// Whether a turn would find nothing to deliver or to tell.
    bool is_empty() const noexcept {
        return !backlog &&
               std::visit([](const auto& queue) { return queue.size() == 0 && !queue.has_hole_at_end(); }, queue_);
    }

    template <class F>
    void for_each(F visit) const {
        std::visit([&](const auto& queue) { queue.for_each(visit); }, queue_);
        if (held_back != nullptr) visit(*held_back);
    }

    /// The turn took this many, with the lock. Whether it should stay even when that is none. Never where what comes in
    /// a few microseconds could fill the mailbox: for lack of room nothing is to be dropped, and nobody to wait.
    bool goes_on_streaming(std::size_t taken) noexcept { return options_.capacity >= 512 && stream.goes_on(taken); }

    const MailboxOptions& options() const noexcept { return options_; }
    Overflow overflow() const noexcept { return options_.overflow; }

    /// Where the mailbox stands with its executor. `waiting`: how many mailboxes of the ledger wait there.
    enum class Stage : std::uint8_t {
        idle,     // empty, and nobody comes
        waiting,  // a task is on its way
        in_turn,  // some thread delivers; with `runs`: as many as may
    };
    Stage stage() const noexcept { return stage_; }
    void go_to(Stage stage, std::size_t& waiting) noexcept {
        waiting +=
            static_cast<std::size_t>(stage == Stage::waiting) - static_cast<std::size_t>(stage_ == Stage::waiting);
        stage_ = stage;
    }

    bool closed = false;  // disconnected

    /// Has come, but is to come in later (see hold_back.hpp); the queue has memory for it. Null: nothing.
    Envelope* held_back = nullptr;
    /// Takes it in, like an event of an emitter that must not wait; what goes for it, which may be itself.
    Envelope* bring_in() noexcept;

    /// Of history, for a subscription that has joined late: delivered before all that came in. Null: none (any more).
    std::unique_ptr<Backlog> backlog;
    std::size_t undecided = 0;  // records that are to be chosen from for it

    /// What emitters who found it full wait for. One who is woken for each place sleeps and wakes for each event, so
    /// they wait for half of the mailbox first, and for any place when that takes long.
    enum class Wanted : std::uint8_t { nothing, much_room, any_room };
    void want(Wanted wanted) noexcept { wanted_ = std::max(wanted_, wanted); }
    /// The same for several events at once: until there is room for them, others are held, or there might never be.
    void want_room_for(std::size_t count) noexcept {
        const std::size_t most = options_.capacity - std::min(count, options_.capacity);
        room_until_ = std::min(room_until_, most + 1);
        want(Wanted::any_room);
    }
    /// Whether there is the room that emitters want: `room_epoch` has moved then, and is to be unparked.
    bool gives_room() noexcept {
        if (wanted_ == Wanted::nothing || room_until_ == 0) [[likely]]
            return false;
        const std::size_t most = wanted_ == Wanted::much_room ? options_.capacity / 2 : options_.capacity - 1;
        if (size() > std::min(most, room_until_ - 1)) return false;
        release_emitters();
        return true;
    }
    /// The same for those who need not wait any more.
    void release_emitters() noexcept {
        wanted_ = Wanted::nothing;
        room_until_ = options_.capacity;
        room_epoch.fetch_add(1, std::memory_order_release);
    }

    std::uint64_t dropped = 0;
    std::uint64_t conflated = 0;
    std::atomic<std::uint32_t> room_epoch{0};  // moves when there is room again, or none will be needed

private:
    Push push_thoroughly(Envelope& envelope, bool no_growth) noexcept;

    MailboxOptions options_;
    std::size_t room_until_;  // a size; the capacity, unless emitters are held, all of them by 0
    std::size_t turn_;        // how many records one turn takes
    Wanted wanted_ = Wanted::nothing;
    Stage stage_ = Stage::idle;
    Queue queue_;

    // Emitters write what comes before it, all the time.
    [[maybe_unused]] std::byte apart_[cache_line];

public:
    TaskMemory task_memory;
    Counter delivered;                     // in turns
    TurnProgress progress;                 // written without the lock, by the thread whose turn it is
    Stream stream;                         // only for the thread whose turn it is
    std::unique_ptr<ConcurrentRuns> runs;  // null: one turn at a time; else turns take one event at a time
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/mailbox.ipp>
#endif
