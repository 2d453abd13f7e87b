#!/usr/bin/env python3
"""Counts instructions under Valgrind, and compares them with those kept in instructions.json."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

kept_file = Path(__file__).resolve().parent / "instructions.json"
tolerance = 0.05
# Both are multiples of the batches that the works make. What they have in common is start-up and first use.
few, many = 400, 1400


def count(program, work, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, work, str(times)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or collected is None:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return int(collected[1])


def count_each(program, works):
    """Instructions for one time each, by work."""
    runs = [(work, times) for work in works for times in (few, many)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        totals = dict(zip(runs, pool.map(lambda run: count(program, *run), runs)))
    return {work: round((totals[work, many] - totals[work, few]) / (many - few)) for work in works}


def verdict(counted, before, same_compiler):
    if before is None:
        return "new"
    change = counted / before - 1
    if not same_compiler:
        return f"{change:+.1%}"
    if change > tolerance:
        return f"{change:+.1%}  GREW"
    return f"{change:+.1%}" + ("  fell: keep it with --update" if change < -tolerance else "")


def main():
    program, *options = sys.argv[1:]
    if options not in ([], ["--update"]):
        sys.exit("usage: instructions [--update]")
    listed = subprocess.run([program], capture_output=True, text=True, check=True)
    compiler, *works = listed.stdout.splitlines()
    kept = json.loads(kept_file.read_text()) if kept_file.exists() else {"compiler": compiler, "instructions": {}}
    counted = count_each(program, works)

    width = max(map(len, works))
    same_compiler = compiler == kept["compiler"]
    verdicts = {work: verdict(counted[work], kept["instructions"].get(work), same_compiler) for work in works}
    for work in works:
        print(f"{work:<{width}}  {counted[work]:>9}  {verdicts[work]}")
    if options:
        kept_file.write_text(json.dumps({"compiler": compiler, "instructions": counted}, indent=4) + "\n")
        return
    if not same_compiler:
        print(f"nothing is checked: the counts kept are those of {kept['compiler']}, these of {compiler}")
    elif any(text.endswith("GREW") for text in verdicts.values()):
        sys.exit(f"more than {tolerance:.0%} more instructions; if that is meant, keep them with --update")


if __name__ == "__main__":
    main()
