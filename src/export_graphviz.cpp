#include <hindsight/impl/export_graphviz.ipp>
