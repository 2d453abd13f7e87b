// Report: the rows of the table, written as one JSON object a line. table.py lays them out.
#pragma once

#include <limits>
#include <string>

namespace hindsight_benchmark {

enum class Bound { none, at_most, at_least };

struct Target {
    Bound bound = Bound::none;
    double value = 0;
};

inline Target at_most(double value) {
    return {Bound::at_most, value};
}

inline Target at_least(double value) {
    return {Bound::at_least, value};
}

struct Row {
    std::string work;
    std::string unit;
    double ours = 0;
    /// Empty: ours itself is compared with the target, else the ratio.
    std::string peer_name = {};
    double peer = 0;
    double ratio = std::numeric_limits<double>::quiet_NaN();
    Target target = {};
    std::string note = {};
};

/// Texts must not need escaping.
void report(const Row& row);

}  // namespace hindsight_benchmark
