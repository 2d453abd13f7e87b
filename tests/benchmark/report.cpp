#include "report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace hindsight_benchmark {

namespace {

std::string number(double value) {
    return std::isfinite(value) ? fmt::format("{:.6g}", value) : "null";
}

const char* text(Bound bound) {
    if (bound == Bound::at_most) return "<=";
    return bound == Bound::at_least ? ">=" : "";
}

}  // namespace

void report(const Row& row) {
    fmt::print(R"({{"work": "{}", "unit": "{}", "ours": {}, "peer_name": "{}", "peer": {}, "ratio": {}, )", row.work,
               row.unit, number(row.ours), row.peer_name, number(row.peer), number(row.ratio));
    fmt::print(R"("bound": "{}", "target": {}, "note": "{}"}})", text(row.target.bound), number(row.target.value),
               row.note);
    fmt::print("\n");
    std::fflush(stdout);
}

}  // namespace hindsight_benchmark
