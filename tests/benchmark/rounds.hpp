// Real time of work on several threads: the candidates take turns in rounds and are compared within a round, because
// machines that share their processors differ more from minute to minute than the candidates do.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hindsight_benchmark {

/// Puts the calling thread, and the threads that it starts from now on, on the first or the second of the processors
/// that the process may use.
void pin_to(int processor);
/// Lets it run on any of them.
void unpin();
/// Whether there are two processors to use.
bool has_two_processors();

/// Of a message there and back between the two processors over one atomic, in nanoseconds.
double cpu_round_trip();

double median(std::vector<double> values);
/// `fraction` of the values are below it.
double quantile(std::vector<double> values, double fraction);

/// What the candidates said in each round, and the processors' round trip: the longer one of before and after it.
struct Rounds {
    std::vector<std::vector<double>> values;  ///< [candidate][round]
    std::vector<double> round_trips;

    /// Median over the rounds of the quotient of two candidates.
    double ratio(std::size_t of, std::size_t to) const;
    double value(std::size_t of) const { return median(values[of]); }
    /// The shortest and the longest round trip, in words.
    std::string round_trip_note() const;
    /// The rounds with a round trip of at least `from` and below `to`.
    Rounds with_round_trip(double from, double to) const;
};

/// Stops after `box_seconds`, but not before the first three rounds.
Rounds in_rounds(int rounds, double box_seconds, const std::vector<std::function<double()>>& candidates);

}  // namespace hindsight_benchmark
