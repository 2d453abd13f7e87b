#!/usr/bin/env python3
"""Prints the share of lines of include/ and src/ that were executed, and the files below the wanted one.

    llvm-cov export -summary-only ... | report.py SOURCE_DIRECTORY
"""

import json
import pathlib
import sys

WANTED = 95.0  # per cent


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    lines = {}
    for file in json.load(sys.stdin)["data"][0]["files"]:
        path = pathlib.Path(file["filename"])
        if any(path.is_relative_to(root / part) for part in ("include", "src")):
            lines[path.relative_to(root)] = file["summary"]["lines"]
    for path, of_file in sorted(lines.items(), key=lambda item: item[1]["percent"]):
        if of_file["percent"] < WANTED:
            missed = of_file["count"] - of_file["covered"]
            print(f"{of_file['percent']:6.1f} %  {missed:4} lines missed  {path}")
    count = sum(of_file["count"] for of_file in lines.values())
    covered = sum(of_file["covered"] for of_file in lines.values())
    share = 100 * covered / count
    print(f"{share:.1f} % of {count} lines in {len(lines)} files")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
