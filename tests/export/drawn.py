"""What drawings show of a text, as export.hpp says."""

import re

LONGEST = 100


def drawn(text: str) -> str:
    text = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)
    text = re.sub("[\ufffe\uffff]", "\ufffd", text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
