#include <hindsight/impl/read_json_lines.ipp>
