// expect: deleted (member )?function.*name
#include <hindsight/hindsight.hpp>

hindsight::Record make_record();

auto misuse() {
    return make_record().name();
}
