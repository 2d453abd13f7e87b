// The store against the naive one: appends under any policies and limits, changes of these, clear, queries, paging.
#include "input.hpp"
#include "support/store_twins.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hindsight::test::Input input(data, size);
    hindsight::test::Twins twins(input, options_from(input));
    while (!input.empty()) {
        switch (input.below(8)) {
        case 0:
            twins.compare_query();
            break;
        case 1:
            twins.compare_pages();
            break;
        case 2:
            twins.set_policies();
            break;
        case 3:
            twins.clear();
            break;
        default:
            twins.append();
        }
    }
    twins.compare_contents();
    twins.compare_query();
    twins.compare_pages();
    return 0;
}
