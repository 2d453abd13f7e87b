// Snapshot: the subscribers of one topic at one moment, which emitting iterates. Immutable once published.
#pragma once

#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace hindsight::detail {

struct Snapshot {
    std::vector<NodePtr> nodes;       // the direct ones, in the order of their calls; then the queued ones
    std::size_t direct_count = 0;     // how many of them are direct
    std::vector<NodePtr> middleware;  // that the events go through first, in the order of `use`
    bool filtered = false;            // whether any has a filter
    bool holds_back = false;          // whether any holds events back from its mailbox
    bool converts = false;            // dynamic events, which some of them take as events of the type that has the name
    Conversion conversion;            // how, if that is known
    std::vector<std::pair<const Node*, const EventType*>> converting_observers;  // and what they take them as

    /// What they need.
    enum class Needs : std::uint8_t {
        one_event,     // there is one, direct, without a filter, that takes the event without its record; failures are
                       // isolated
        event,         // the same, but any number
        record,        // the same, but some take the record
        handover,      // some are queued, `most_in_handover` at most; no filters, and failures are isolated
        thoroughness,  // anything else
    };
    Needs needs = Needs::thoroughness;
    static constexpr std::size_t most_in_handover = 64;

    /// The type as which this subscriber takes the event converted; null: it takes it as it is.
    const EventType* converted_type(const Node& node) const noexcept {
        if (!converts) return nullptr;
        if (node.type != nullptr) return node.type->self_named || node.type->is_base ? nullptr : node.type;
        const auto found = std::ranges::find(converting_observers, &node, [](const auto& each) { return each.first; });
        return found != converting_observers.end() ? found->second : nullptr;
    }
    bool converts_for(const Node& node) const noexcept { return converted_type(node) != nullptr; }

    std::span<const NodePtr> direct() const noexcept { return {nodes.data(), direct_count}; }
    std::span<const NodePtr> queued() const noexcept {
        return {nodes.data() + direct_count, nodes.size() - direct_count};
    }
};

/// Publishes in a cell of this thread that it uses the topic's snapshot. It stays alive until the frame of the cell
/// ends, or another is pinned there.
HINDSIGHT_ALWAYS_INLINE const Snapshot* pin(Cell& cell, const std::atomic<const Snapshot*>& current) noexcept {
    const Snapshot* snapshot = current.load(std::memory_order_acquire);
    for (;;) {
        publish(cell.snapshot, snapshot);
        const Snapshot* const again = fenced_load(current);
        if (again == snapshot) [[likely]]
            return snapshot;
        snapshot = again;
    }
}

/// The same for who would rather do something else than try again: null where the topic has none, or gets another.
/// `asymmetric`: see `publish`.
HINDSIGHT_ALWAYS_INLINE const Snapshot* pin_once(Cell& cell, const std::atomic<const Snapshot*>& current,
                                                 bool asymmetric) noexcept {
    const Snapshot* const snapshot = current.load(std::memory_order_acquire);
    publish(cell.snapshot, snapshot, asymmetric);
    return fenced_load(current) == snapshot ? snapshot : nullptr;
}

/// Snapshots that were replaced and may still be in use. Not thread-safe: the registry's mutex guards it.
class RetiredSnapshots {
public:
    using List = std::vector<std::unique_ptr<const Snapshot>>;

    /// Makes room for one more, so that `add` cannot fail.
    void reserve_one() { retired_.reserve(retired_.size() + 1); }
    void add(std::unique_ptr<const Snapshot> snapshot) noexcept { retired_.push_back(std::move(snapshot)); }

    bool contains(const Snapshot* snapshot) const noexcept {
        return std::ranges::any_of(retired_, [snapshot](const auto& each) { return each.get() == snapshot; });
    }

    /// Takes out all that no thread uses any more, for the caller to destroy outside the lock.
    List collect() {
        if (retired_.empty()) return {};
        heavy_fence();
        List unused;
        unused.reserve(retired_.size());
        std::erase_if(retired_, [&](auto& snapshot) {
            if (in_use(snapshot.get())) return false;
            unused.push_back(std::move(snapshot));
            return true;
        });
        return unused;
    }

private:
    static bool in_use(const Snapshot* snapshot) noexcept {
        bool found = false;
        ThreadSlots::instance().for_each([&](const ThreadSlot& slot) {
            slot.for_each_cell([&](const Cell& cell) { found = found || fenced_load(cell.snapshot) == snapshot; });
        });
        return found;
    }

    List retired_;
};

}  // namespace hindsight::detail
