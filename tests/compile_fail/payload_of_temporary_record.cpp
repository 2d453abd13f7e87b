// expect: deleted (member )?function.*get_if
#include <hindsight/hindsight.hpp>

struct Tick {};

hindsight::Record make_record();

const Tick* misuse() {
    return make_record().get_if<Tick>();
}
