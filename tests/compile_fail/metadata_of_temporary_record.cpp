// expect: deleted (member )?function.*metadata
#include <hindsight/hindsight.hpp>

hindsight::Record make_record();

auto misuse() {
    return make_record().metadata("key");
}
