// How a storm emits: single events and batches, from its threads and in handlers, each written down.
#pragma once

#include "random.hpp"
#include "storm_log.hpp"

#include <hindsight/event_bus.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace hindsight::test {

struct StormEmitter {
    EventBus& bus;
    StormLogs& logs;

    /// One event of any kind; `cause`: of the event whose handler this is.
    Receipt emit(Random& random, Seq cause = 0) {
        StormLog& log = logs.mine();
        StormEmit& entry = begin(log, static_cast<StormKind>(random.below(static_cast<int>(StormKind::count))), random);
        entry.cause = cause;
        const StormOrigin origin{log.thread, static_cast<std::uint32_t>(log.emits.size() - 1)};
        entry.began = StormLogs::moment();
        const Receipt receipt = emit_one(entry, origin);
        entry.ended = StormLogs::moment();
        entry.seq = receipt.seq;
        entry.outcome = receipt.outcome;
        log.matched += receipt.matched;
        ++log.operations;
        return receipt;
    }

    BatchReceipt emit_many(Random& random) {
        StormLog& log = logs.mine();
        const std::size_t first = log.emits.size();
        std::vector<Gust> batch;
        for (int size = random.below(12); size > 0; --size) {
            const auto index = static_cast<std::uint32_t>(log.emits.size());
            begin(log, StormKind::gust, random).key = 0;
            batch.push_back({{log.thread, index}, 0});
        }
        const std::uint64_t began = StormLogs::moment();
        const std::size_t size = batch.size();
        BatchReceipt receipt = bus.emit_many(std::move(batch), {.key = storm_keys[0]});
        const std::uint64_t ended = StormLogs::moment();
        if (receipt.count != 0 && receipt.count != size) logs.fault("a batch was cut");
        for (std::size_t i = 0; i < size; ++i) {
            StormEmit& entry = log.emits[first + i];
            entry.seq = receipt.first == 0 ? 0 : receipt.first + i;
            entry.outcome = receipt.outcome;
            entry.began = began;
            entry.ended = ended;
        }
        log.matched += receipt.matched;
        ++log.operations;
        return receipt;
    }

private:
    static StormEmit& begin(StormLog& log, StormKind kind, Random& random) {
        log.emits.emplace_back();
        StormEmit& entry = log.emits.back();
        entry.kind = kind;
        entry.name = static_cast<std::uint8_t>(random.below(storm_names));
        entry.key = static_cast<std::uint8_t>(random.below(static_cast<int>(std::size(storm_keys))));
        return entry;
    }

    Receipt emit_one(const StormEmit& entry, const StormOrigin& origin) {
        const EmitOptions options{.source = "storm", .key = storm_keys[entry.key]};
        switch (entry.kind) {
        case StormKind::gust:
            return bus.emit(Gust{origin, entry.cause}, options);
        case StormKind::squall:
            return bus.emit(Squall{origin, entry.cause, std::string(storm_keys[entry.key])});
        case StormKind::calm:
            return bus.emit(Calm{origin, entry.cause}, options);
        default:
            const std::string correlation = std::to_string(origin.thread) + ":" + std::to_string(origin.index);
            return bus.emit(NamedEvent{storm_name(entry.name)},
                            {.key = storm_keys[entry.key], .correlation = correlation});
        }
    }
};

}  // namespace hindsight::test
