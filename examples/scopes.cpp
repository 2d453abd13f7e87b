// Scopes: a bus within the bus for each session, which ends with everything that belongs to it.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

using hindsight::Scope;

struct Asked {
    static constexpr std::string_view event_name = "model.asked";
    std::string question;
};

struct Answered {
    static constexpr std::string_view event_name = "model.answered";
    std::string answer;
};

/// All of a session: who has subscribed here need not be remembered anywhere.
class Session {
public:
    explicit Session(const Scope& provider) : scope_(provider.scope()) {
        scope_
            .subscribe<Asked>([this](const Asked& asked) { scope_.emit(Answered{asked.question + " I do not know."}); },
                              {.delivery = hindsight::Delivery::direct})
            .detach();
    }
    void ask(std::string question) const { scope_.emit(Asked{std::move(question)}); }
    auto history() const { return scope_.history(); }

private:
    Scope scope_;
};

int main() {
    hindsight::EventBus bus;
    const hindsight::SubscribeOptions direct{.delivery = hindsight::Delivery::direct};
    const auto everything = bus.subscribe(
        "*", [](const hindsight::Record& record) { fmt::print("{}: {}\n", record.scope(), record.name()); }, direct);
    const Scope provider = bus.scope("provider.anthropic");
    int answers = 0;
    const auto counting = provider.subscribe<Answered>([&](const Answered&) { ++answers; }, direct);

    std::optional<Session> first(provider);
    const Session second(provider);
    first->ask("Why?");
    second.ask("How?");
    second.ask("When?");
    fmt::print("{} answers; {} events in the first session, {} in the second, {} in both\n", answers,
               first->history().size(), second.history().size(), provider.history().size());
    first.reset();
    fmt::print("{} subscriptions left\n", bus.subscription_count());
    for (const auto& asked : bus.history().query<Asked>({.scope = "provider.anthropic.scope-1"})) {
        fmt::print("still in history: \"{}\" in {}\n", asked->question, asked.scope());
    }
}
