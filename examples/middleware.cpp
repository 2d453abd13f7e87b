// What events go through before anybody sees them: changed, refused, limited, redacted.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

using hindsight::DraftView;
using hindsight::HandlerError;
using hindsight::Receipt;
using namespace std::chrono_literals;

struct Login {
    static constexpr std::string_view event_name = "user.login";
    std::string user;
    std::string password;
    static constexpr auto event_key = &Login::user;
};

struct Payment {
    static constexpr std::string_view event_name = "payment.received";
    int cents;
};

struct PaymentRefused {
    static constexpr std::string_view event_name = "payment.refused";
    int cents;
};

void report(std::string_view what, const Receipt& receipt) {
    if (receipt) {
        fmt::print("{}: #{}\n", what, receipt.seq);
    } else {
        fmt::print("{}: refused by \"{}\": {}\n", what, receipt.refused_by(), receipt.reason());
    }
}

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    hindsight::EventBus bus{{.clock = clock, .on_error = [](const HandlerError& failure) {
                                 fmt::print("reported: {} failed at {}\n", failure.handler, failure.record.name());
                             }}};

    // Redaction first: whatever happens later, no password goes any further.
    const auto redacting = bus.use<Login>(hindsight::redact(&Login::password));
    const auto stamping = bus.use([](DraftView& draft) { draft.set_metadata("host", "node-7"); });
    const auto checking = bus.use<Payment>(
        [&](Payment& payment, DraftView& draft) {
            if (payment.cents > 1'000'000) throw std::runtime_error("no such money");
            if (payment.cents > 0) return;
            draft.veto("a payment is above 0");
            bus.emit(PaymentRefused{payment.cents});
        },
        {.name = "check"});
    auto limit = bus.use(hindsight::rate_limit({.events = 2, .per = 1s, .by = hindsight::by_name}), {.name = "limit"});
    const auto once = bus.use<Login>(hindsight::deduplicate({.window = 1min}), {.name = "once"});

    const Login ann{"ann", "secret"};
    report("ann", bus.emit(ann));
    report("ann again", bus.emit(ann));
    report("too many logins", bus.emit(Login{"bob", "1234"}));
    clock->advance(1s);
    report("bob, a second later", bus.emit(Login{"bob", "1234"}));
    report("a payment", bus.emit(Payment{500}));
    report("a bad payment", bus.emit(Payment{-5}));
    report("an absurd payment", bus.emit(Payment{2'000'000}));

    limit.disconnect();
    for (int i = 0; i < 3; ++i) report("without a limit", bus.emit(Payment{1}));

    fmt::print("history:\n");
    for (const auto& record : bus.history().query()) {
        const auto* const login = record.get_if<Login>();
        fmt::print("  #{} {} on {}{}\n", record.seq(), record.name(), record.metadata("host").value_or("?"),
                   login != nullptr ? ", " + login->user + " with " + login->password : "");
    }
    const auto stats = bus.stats();
    fmt::print("{} vetoed, {} failed\n", stats.refused_vetoed, stats.refused_failed);
}
