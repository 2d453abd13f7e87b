#!/usr/bin/env python3
"""Compiles a file and compares the result with what its first line asks for.

    check_case.py FILE COMPILER [FLAG...]

`// expect: REGEX`: it must not compile, and the compiler's output must match. `// expect success`: it must compile.
A second line `// flags: FLAG...` adds to the command.
"""

import pathlib
import re
import subprocess
import sys


def main() -> int:
    file, *command = sys.argv[1:]
    first_line, second_line = pathlib.Path(file).read_text(encoding="utf-8").split("\n", 2)[:2]
    if second_line.startswith("// flags: "):
        command += second_line.removeprefix("// flags: ").split()
    run = subprocess.run([*command, file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    compiled = run.returncode == 0

    if first_line == "// expect success":
        fault = None if compiled else "it should compile"
    elif first_line.startswith("// expect: "):
        wanted = first_line.removeprefix("// expect: ")
        if compiled:
            fault = "it should not compile"
        elif not re.search(wanted, run.stdout):
            fault = f"the output does not match {wanted!r}"
        else:
            fault = None
    else:
        fault = "its first line must be '// expect: REGEX' or '// expect success'"

    if fault:
        print(" ".join([*command, file]), run.stdout, f"{file}: {fault}", sep="\n")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
