#include <hindsight/impl/export_mermaid.ipp>
