"""What drawings show of a text, as export.hpp says."""

import re

LONGEST = 100


def drawn(text: str) -> str:
    text = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)
    text = re.sub("[\ufffe\uffff]", "\ufffd", text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def place_of(record: dict) -> tuple[str, str]:
    return record.get("scope", ""), record.get("source", "")


def drawn_places(records: list[dict]) -> list[tuple[str, str]]:
    """Scopes and sources, in the order in which they are drawn."""
    places = list(dict.fromkeys(map(place_of, records)))
    scopes = list(dict.fromkeys(scope for scope, _ in places))
    return sorted(places, key=lambda place: scopes.index(place[0]))
