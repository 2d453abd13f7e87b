"""Renders a graph with dot and compares the picture with the records."""

import collections
import pathlib
import subprocess
import xml.etree.ElementTree as ElementTree

from drawn import drawn, drawn_places

SVG = "{http://www.w3.org/2000/svg}"


def check(directory: pathlib.Path, records: list[dict]) -> None:
    picture = subprocess.run(["dot", "-Tsvg", directory / "graph.dot"], capture_output=True, check=False)
    said = picture.stderr.decode(errors="replace")
    assert picture.returncode == 0 and "syntax" not in said, said
    groups = ElementTree.fromstring(picture.stdout).iter(SVG + "g")
    shown = collections.defaultdict(list)
    for group in groups:
        title = group.findtext(SVG + "title")
        texts = ["".join(text.itertext()).replace("\u00a0", " ").strip() for text in group.findall(SVG + "text")]
        shown[group.get("class")].append((title, texts))

    nodes = dict(shown["node"])
    places = drawn_places(records)
    expected = {}
    for number, (_, source) in enumerate(places, 1):
        expected[f"cluster_{number}"] = [drawn(source or "(no source)").replace("\u00a0", " ").strip()]
    scopes = [scope for scope in dict.fromkeys(scope for scope, _ in places) if scope]
    for number, scope in enumerate(scopes, 1):
        expected[f"cluster_scope_{number}"] = [drawn(scope)]
    clusters = {title: texts or [""] for title, texts in shown["cluster"]}
    assert clusters == expected, (clusters, expected)

    numbers = {record["seq"]: number for number, record in enumerate(records, 1)}
    earlier = sorted({r["cause"] for r in records if "cause" in r and r["cause"] not in numbers})
    assert len(nodes) == len(records) + len(earlier)
    for number, record in enumerate(records, 1):
        assert nodes[f"e{number}"] == [drawn(record["name"]), f"#{record['seq']}"]
    for number, cause in enumerate(earlier, 1):
        assert nodes[f"earlier_{number}"] == [f"#{cause}"]
    edges = {
        (f"e{numbers[r['cause']]}" if r["cause"] in numbers else f"earlier_{earlier.index(r['cause']) + 1}")
        + f"->e{numbers[r['seq']]}"
        for r in records
        if "cause" in r
    }
    assert {title for title, _ in shown["edge"]} == edges
