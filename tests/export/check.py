#!/usr/bin/env python3
"""Has exports of a random history read by those that they are for.

    check.py FORMAT PROGRAM [SEED]

FORMAT is trace, graphviz, mermaid or prometheus; PROGRAM is write_samples. Ends with 77 where the reader is not installed.
"""

import importlib
import importlib.util
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
DEBIAN_PYTHON = "/usr/bin/python3"


def skip(missing: str) -> None:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)


def require_reader(name: str) -> None:
    if name == "trace":
        if importlib.util.find_spec("jsonschema") is None:
            # Debian's package is for Debian's Python, which need not be the first one on the path.
            if os.path.exists(DEBIAN_PYTHON) and os.path.realpath(sys.executable) != os.path.realpath(DEBIAN_PYTHON):
                os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
            skip("Python has no jsonschema (Debian: python3-jsonschema)")
    elif name == "graphviz":
        if shutil.which("dot") is None:
            skip("there is no dot (Debian: graphviz)")
    elif name == "prometheus":
        if shutil.which("promtool") is None:
            skip("there is no promtool (Debian: in the package prometheus)")
    elif shutil.which("node") is None:
        skip("there is no node")
    elif "HINDSIGHT_MERMAID" not in os.environ:
        skip("HINDSIGHT_MERMAID does not say where Mermaid is; tests/export/fetch_mermaid fetches it and prints that")


def main() -> int:
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    name, program = sys.argv[1:3]
    require_reader(name)
    reader = importlib.import_module(name)
    seed = int(sys.argv[3]) if len(sys.argv) == 4 else random.randrange(2**32)
    print(f"seed: {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder)
        subprocess.run([program, folder, str(seed)], check=True)
        # Not splitlines, which knows more ends of lines than there are.
        lines = (directory / "records.jsonl").read_text(encoding="utf-8").rstrip("\n").split("\n")
        reader.check(directory, [json.loads(line) for line in lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
