// What a fuzzer's bytes are used for: as decisions, and as texts.
#pragma once

#include "support/choices.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What libFuzzer calls with each input, and run_corpus.cpp with each file. What it throws is a finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hindsight::test {

/// Reads from the front; when nothing is left all decisions are 0 and all texts empty.
class Input final : public Choices {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    bool empty() const noexcept { return rest_.empty(); }

    std::size_t below(std::size_t end) override {
        std::size_t number = 0;
        for (std::size_t range = 1; range < end && !rest_.empty(); range <<= 8) {
            number = number << 8 | static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
        }
        return number % end;
    }

    std::string_view text() {
        const std::size_t size = std::min(below(24), rest_.size());
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view all() const noexcept { return rest_; }

private:
    std::string_view rest_;
};

}  // namespace hindsight::test
