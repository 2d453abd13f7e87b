// MetricsText: Prometheus's text format, family by family.
#pragma once

#include <hindsight/detail/utf8.hpp>
#include <hindsight/statistics.hpp>

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hindsight::detail {

class MetricsText {
public:
    /// `help` has neither backslashes nor line ends.
    void family(std::string_view type, std::string_view name, std::string_view help) {
        text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
    }
    void sample(std::string_view name, std::string_view labels, std::uint64_t number) {
        line(name, "", labels, fmt::format("{}", number));
    }
    void total(std::string_view name, std::string_view help, std::uint64_t number) {
        family("counter", name, help);
        sample(name, "", number);
    }
    void gauge(std::string_view name, std::string_view help, std::uint64_t number) {
        family("gauge", name, help);
        sample(name, "", number);
    }

    /// In seconds. All of these edges are edges of TimeStatistics' buckets, too.
    void histogram(std::string_view name, const std::string& labels, const TimeStatistics& times) {
        std::uint64_t so_far = 0;
        std::size_t i = 0;
        for (std::int64_t power = 1000; power <= 100'000'000'000; power *= 10) {
            for (const std::int64_t edge : {power, power / 2 * 5, power * 5}) {
                for (; i < times.buckets.size() && times.buckets[i].at_most.count() <= edge; ++i)
                    so_far += times.buckets[i].count;
                bucket(name, labels, fmt::format("{}", seconds(edge)), so_far);
                if (edge == 100'000'000'000) break;
            }
        }
        bucket(name, labels, "+Inf", times.count);
        line(name, "_sum", labels, fmt::format("{}", seconds(times.sum.count())));
        line(name, "_count", labels, fmt::format("{}", times.count));
    }

    /// `name="value"`, the value escaped.
    static std::string label(std::string_view name, std::string_view value) {
        std::string label(name);
        label += "=\"";
        while (!value.empty()) {
            const Utf8Part part = first_utf8_part(value);
            const std::string_view character = part.valid ? value.substr(0, part.size) : replacement_character;
            if (character == "\\" || character == "\"") label += '\\';
            label += character == "\n" ? std::string_view("\\n") : character;
            value.remove_prefix(part.size);
        }
        return label += '"';
    }
    /// Of a subscription or middleware.
    template <class T>
    static std::string labels_of(const T& statistics) {
        return label("id", std::to_string(statistics.id)) + "," + label("name", statistics.name) + "," +
               label("pattern", statistics.pattern);
    }

    std::string take() && { return std::move(text_); }

private:
    static double seconds(std::int64_t nanoseconds) noexcept { return static_cast<double>(nanoseconds) / 1e9; }

    void bucket(std::string_view name, const std::string& labels, const std::string& edge, std::uint64_t count) {
        line(name, "_bucket", labels + ",le=\"" + edge + "\"", fmt::format("{}", count));
    }
    void line(std::string_view name, std::string_view suffix, std::string_view labels, std::string_view value) {
        text_ += name;
        text_ += suffix;
        if (!labels.empty()) text_ += fmt::format("{{{}}}", labels);
        text_ += fmt::format(" {}\n", value);
    }

    std::string text_;
};

}  // namespace hindsight::detail
