#include <hindsight/impl/json_lines.ipp>
