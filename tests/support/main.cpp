// The main function of every test program.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

#include <iostream>
#include <random>

namespace {

bool only_lists(const Catch::ConfigData& config) {
#if !__has_include(<catch2/catch_all.hpp>)
    if (config.listTestNamesOnly) return true;
#endif
    return config.listTests || config.listTags || config.listReporters || config.showHelp;
}

}  // namespace

int main(int argc, char** argv) {
    Catch::Session session;
    // Version 2 would use 0 in every run.
    if (session.configData().rngSeed == 0) session.configData().rngSeed = std::random_device()();
    if (const int failure = session.applyCommandLine(argc, argv); failure != 0) return failure;
    // CTest reads the lists from the standard output.
    if (!only_lists(session.configData())) {
        std::cerr << "seed: " << session.configData().rngSeed << " (repeat with --rng-seed)" << std::endl;
    }
    return session.run();
}
