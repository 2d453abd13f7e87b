#!/usr/bin/env python3
"""Checks that the tests which docs/promises.md and docs/reliability.md name are there: the files, and their cases."""

import re
import sys
from pathlib import Path


def faults(table, text_of):
    """What the table names and is not there. `text_of` gives a file's text, or None."""
    found, file, text = [], None, ""
    for path, name in re.findall(r'`(tests/[\w/]+\.cpp)`|"([^"]+)"', table):
        if path:
            file, text = path, text_of(path)
            if text is None:
                found.append(f"{path} does not exist")
        elif text is not None and f'"{name}"' not in text:
            found.append(f'{file} has no test case "{name}"')
    return found


def self_test():
    table = '| 1 | `tests/a.cpp`: "first", "second"; `tests/gone.cpp`: "third" |'
    texts = {"tests/a.cpp": 'TEST_CASE("first", "[a]")'}
    expected = ['tests/a.cpp has no test case "second"', "tests/gone.cpp does not exist"]
    if faults(table, texts.get) != expected:
        sys.exit(f"found {faults(table, texts.get)} instead of {expected}")


def main():
    self_test()
    root = Path(sys.argv[1])
    table = (root / "docs/promises.md").read_text()
    rows = [line for line in table.splitlines() if re.match(r"\| \d+ \|", line)]
    numbers = [int(row.split("|")[1]) for row in rows]
    if numbers != list(range(1, 14)):
        sys.exit(f"docs/promises.md: the promises are numbered {numbers}")
    tables = [line for line in (root / "docs/reliability.md").read_text().splitlines() if line.startswith("| ")]
    if sum("`tests/" in row for row in tables) < 16:
        sys.exit("docs/reliability.md: the table of peers' failures has lost its tests")
    for document, text in [("docs/promises.md", "\n".join(rows)), ("docs/reliability.md", "\n".join(tables))]:
        found = faults(text, lambda path: (root / path).read_text() if (root / path).exists() else None)
        if found:
            sys.exit("\n".join([f"{document}:", *found]))


main()
