// OpenRequests: the requests of the process that somebody waits for, by their numbers.
#pragma once

#include <hindsight/detail/answers.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>

namespace hindsight::detail {

/// The metadata entry of a question that has its request's number.
inline constexpr std::string_view request_metadata = "hindsight.request";

/// Thread-safe, never destroyed. Numbers begin with a random one, so those that a recording has are nobody's.
class OpenRequests {
public:
    static OpenRequests& instance() {
        static OpenRequests* const requests = new OpenRequests;
        return *requests;
    }

    std::uint64_t next_number() noexcept {
        const std::lock_guard lock(mutex_);
        return ++last_;
    }
    void add(std::uint64_t number, const std::shared_ptr<Answers>& answers) {
        const std::lock_guard lock(mutex_);
        open_.emplace(number, answers);
    }
    void remove(std::uint64_t number) noexcept {
        const std::lock_guard lock(mutex_);
        open_.erase(number);
    }
    /// Null if nobody waits for it any more.
    std::shared_ptr<Answers> find(std::uint64_t number) {
        const std::lock_guard lock(mutex_);
        const auto found = open_.find(number);
        return found != open_.end() ? found->second.lock() : nullptr;
    }
    std::size_t size() {
        const std::lock_guard lock(mutex_);
        return open_.size();
    }

    static std::string text_of(std::uint64_t number) {
        char digits[16];
        const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number, 16);
        return {digits, end.ptr};
    }
    /// None: the event is no request, or one that was asked when it was recorded.
    static std::optional<std::uint64_t> number_of(const Record& question) noexcept {
        if (question.replayed()) return std::nullopt;
        const std::optional<std::string_view> text = question.metadata(request_metadata);
        if (!text) return std::nullopt;
        std::uint64_t number = 0;
        const std::from_chars_result read = std::from_chars(text->data(), text->data() + text->size(), number, 16);
        if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return std::nullopt;
        return number;
    }

private:
    std::mutex mutex_;
    std::uint64_t last_ HINDSIGHT_GUARDED_BY(mutex_) = random_origin();
    std::unordered_map<std::uint64_t, std::weak_ptr<Answers>> open_ HINDSIGHT_GUARDED_BY(mutex_);
};

}  // namespace hindsight::detail
