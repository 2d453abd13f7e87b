#!/usr/bin/env python3
"""Turns the C++ blocks of the documentation into files to compile, so that no sample can rot.

    extract_samples.py SOURCE_DIRECTORY OUTPUT_DIRECTORY DOCUMENT...

A ```cpp block becomes the body of a function in a file that includes support/samples_prelude.hpp; a block with
`int main` is a program of its own. A comment line just before a block changes that (several words: with commas):

    <!-- sample: fragment -->   stands at namespace scope instead of in a function
    <!-- sample: continue -->   belongs to the same file as the block before it (its statements to the same function)
    <!-- sample: run -->        the program is run as a test
    <!-- sample: skip -->       is not compiled
    <!-- output -->             before a ```text block: what the last program that is run must print

The files and output.cmake, which names them, are only rewritten when they change.
"""

import dataclasses
import pathlib
import re
import sys
from typing import Iterator, Optional

FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*([A-Za-z+]*)")
COMMENT = re.compile(r"^\s*<!--\s*(sample:\s*(?P<words>[a-z, ]+?)|(?P<output>output))\s*-->\s*$")
WORDS = {"fragment", "continue", "run", "skip"}
PROGRAM = re.compile(r"^\s*(auto|int) main\(", re.MULTILINE)
INCLUDE = re.compile(r"^\s*#\s*include\b")


class DocumentError(Exception):
    pass


@dataclasses.dataclass
class Block:
    language: str
    line: int
    lines: list[str]
    words: set[str]

    @property
    def text(self) -> str:
        return "".join(line + "\n" for line in self.lines)

    @property
    def is_program(self) -> bool:
        return PROGRAM.search(self.text) is not None


@dataclasses.dataclass
class Sample:
    name: str
    blocks: list[Block]
    expected: Optional[str] = None

    @property
    def is_program(self) -> bool:
        return any(block.is_program for block in self.blocks)

    @property
    def is_run(self) -> bool:
        return any("run" in block.words for block in self.blocks)


def blocks_of(document: str, text: str) -> Iterator[Block]:
    lines = text.splitlines()
    words: set[str] = set()
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        comment = COMMENT.match(line)
        fence = FENCE.match(line)
        if comment:
            words |= {"output"} if comment["output"] else {word.strip() for word in comment["words"].split(",")}
            unknown = words - WORDS - {"output"}
            if unknown:
                raise DocumentError(f"{document}:{index}: unknown word {', '.join(sorted(unknown))}")
        elif fence:
            indent, marker, language = fence.groups()
            end = next((i for i in range(index, len(lines)) if lines[i].strip() == marker), None)
            if end is None:
                raise DocumentError(f"{document}:{index}: the block is never closed")
            content = [content[len(indent) :] if content.startswith(indent) else content for content in lines[index:end]]
            yield Block(language, index + 1, content, words)
            words = set()
            index = end + 1
        elif line.strip():
            if words:
                raise DocumentError(f"{document}:{index}: expected a block after the comment")
    if words:
        raise DocumentError(f"{document}: ends after a comment that should precede a block")


def samples_of(document: str, text: str) -> list[Sample]:
    samples: list[Sample] = []
    stem = re.sub(r"\W+", "_", pathlib.PurePath(document).stem.lower())
    running: Optional[Sample] = None
    for block in blocks_of(document, text):
        place = f"{document}:{block.line}"
        if "output" in block.words:
            if running is None or running.expected is not None or block.language != "text":
                raise DocumentError(f"{place}: the output must be a text block after a sample that is run")
            running.expected = block.text
        elif block.language != "cpp":
            if block.words:
                raise DocumentError(f"{place}: is marked as a sample, but is not a cpp block")
        elif "skip" not in block.words:
            if "continue" not in block.words:
                samples.append(Sample(f"{stem}_{len(samples) + 1}", []))
            elif not samples:
                raise DocumentError(f"{place}: there is no sample to continue")
            sample = samples[-1]
            sample.blocks.append(block)
            if sample.is_program and any(not b.is_program and "fragment" not in b.words for b in sample.blocks):
                raise DocumentError(f"{place}: what is beside a main function must be marked as fragment")
            if "run" in block.words:
                if not block.is_program:
                    raise DocumentError(f"{place}: only a sample with a main function can be run")
                running = sample
    return samples


def source_of(document: str, sample: Sample) -> str:
    def located(block: Block, lines: list[str]) -> list[str]:
        return [f'#line {block.line} "{document}"', *lines]

    if sample.is_program:
        return "\n".join(line for block in sample.blocks for line in located(block, block.lines)) + "\n"

    text = ['#include "support/samples_prelude.hpp"']
    body = []
    for block in sample.blocks:
        if "fragment" in block.words:
            text += located(block, block.lines)
        else:
            text += [line for line in block.lines if INCLUDE.match(line)]
            body += located(block, ["" if INCLUDE.match(line) else line for line in block.lines])
    if body:
        text += [f"void {sample.name}();", f"void {sample.name}() {{", *body, "}"]
    return "\n".join(text) + "\n"


def write(file: pathlib.Path, text: str) -> str:
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    return file.as_posix()


def main() -> int:
    root, output, *documents = map(pathlib.Path, sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    calls = []
    try:
        for file in documents:
            document = file.relative_to(root).as_posix()
            for sample in samples_of(document, file.read_text(encoding="utf-8")):
                source = write(output / f"{sample.name}.cpp", source_of(document, sample))
                if not sample.is_program:
                    calls.append(f'add_sample("{source}")')
                    continue
                arguments = [sample.name, source]
                if sample.is_run:
                    arguments.append("RUN")
                if sample.expected is not None:
                    arguments += ["EXPECTED", write(output / f"{sample.name}.txt", sample.expected)]
                calls.append("add_sample_program({})".format(" ".join(f'"{argument}"' for argument in arguments)))
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 1
    write(output / "output.cmake", "".join(call + "\n" for call in calls))
    return 0


if __name__ == "__main__":
    sys.exit(main())
