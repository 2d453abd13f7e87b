#!/usr/bin/env python3
"""Runs a program and fails unless it succeeds and prints exactly what a file says.

    expect_output.py EXPECTED_FILE PROGRAM [ARGUMENT...]
"""

import difflib
import pathlib
import subprocess
import sys


def main() -> int:
    expected_file, *command = sys.argv[1:]
    expected = pathlib.Path(expected_file).read_text(encoding="utf-8")
    run = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if run.returncode != 0:
        print(run.stdout, end="")
        print(f"{command[0]} ended with {run.returncode}", file=sys.stderr)
        return 1
    difference = difflib.unified_diff(
        expected.splitlines(keepends=True), run.stdout.splitlines(keepends=True), expected_file, "printed"
    )
    text = "".join(difference)
    print(text, end="")
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
