// A retention policy of one's own: remember the slow requests only, and the newest three of them.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <string_view>

struct RequestServed {
    static constexpr std::string_view event_name = "request.served";
    std::string path;
    int milliseconds;
};

/// Asked on the emitting threads, possibly by several at once: it is const and shares nothing.
class KeepSlow {
public:
    KeepSlow(int milliseconds, std::size_t capacity) : milliseconds_(milliseconds), capacity_(capacity) {}

    bool should_store(const hindsight::Record& record) const {
        const auto* request = record.get_if<RequestServed>();
        return request != nullptr && request->milliseconds >= milliseconds_;
    }
    std::size_t capacity() const { return capacity_; }

private:
    int milliseconds_;
    std::size_t capacity_;
};

int main() {
    hindsight::EventBus bus{{.history = {.policies = {{"request.*", KeepSlow(100, 3)}}}}};

    const int times[] = {5, 250, 12, 130, 7, 101, 99, 480};
    for (const int milliseconds : times) {
        const auto receipt = bus.emit(RequestServed{fmt::format("/{}", milliseconds), milliseconds});
        const bool kept = receipt.outcome == hindsight::Outcome::recorded;
        fmt::print("{:>3} ms: {}\n", milliseconds, kept ? "recorded" : "not kept");
    }

    fmt::print("remembered:\n");
    for (const auto& request : bus.history().query<RequestServed>()) {
        fmt::print("  {} took {} ms\n", request->path, request->milliseconds);
    }
    const auto policy = bus.history().stats().policies.front();
    fmt::print("stored {}, evicted {}, refused {}\n", policy.stored, policy.evicted, policy.refused);
}
