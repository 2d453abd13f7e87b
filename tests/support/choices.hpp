// Tests whose course is decided by random numbers, or by a fuzzer's bytes, and what they fail with.
#pragma once

#include <hindsight/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::test {

/// Where decisions come from: random numbers, or the bytes of a fuzzer.
class Choices {
public:
    Choices() = default;
    Choices(const Choices&) = delete;
    Choices& operator=(const Choices&) = delete;
    virtual ~Choices() = default;

    /// From 0 to end - 1.
    virtual std::size_t below(std::size_t end) = 0;
    bool once_in(std::size_t times) { return below(times) == 0; }
    template <class T>
    const T& of(const std::vector<T>& values) {
        return values[below(values.size())];
    }

    TimePoint time() { return TimePoint(std::chrono::seconds(below(50))); }
    Severity severity() { return static_cast<Severity>(below(6)); }
};

class RandomChoices final : public Choices {
public:
    explicit RandomChoices(std::uint32_t seed) : engine_(seed) {}
    std::size_t below(std::size_t end) override {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
    }

private:
    std::mt19937 engine_;
};

/// Throws std::logic_error where the two differ: Catch2 and a fuzzer both take that for a failure.
template <class A, class B>
void require_same(const A& found, const B& expected, std::string_view what) {
    if (!(found == expected)) throw std::logic_error("not as expected: " + std::string(what));
}

}  // namespace hindsight::test
