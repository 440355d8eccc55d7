#!/usr/bin/env python3
"""Writes casefold.txt, which CaseFolding.cs reads: casefold.py /usr/share/unicode (of Debian's unicode-data, or unicode.org's files).

A newer version of Unicode gives no address that was taken another key: the forms of assigned characters are stable, and others are refused.
"""
import pathlib
import sys

HANGUL = range(0xAC00, 0xD7A4)
YPOGEGRAMMENI = 0x345
folder = pathlib.Path(sys.argv[1])


def rows(name):
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.split("#")[0].split(";")]
        if len(fields) > 1:
            yield fields


def span(text):
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


canonical, classes, assigned, first = {}, {}, [], None
for code, name, _, ccc, _, decomposition, *_ in rows("UnicodeData.txt"):
    code = int(code, 16)
    if name.endswith("First>"):
        first = code
        continue
    assigned.append((first if name.endswith("Last>") else code, code))
    if decomposition and not decomposition.startswith("<"):
        canonical[code] = [int(c, 16) for c in decomposition.split()]
    if ccc != "0":
        classes[code] = int(ccc)

folded = {c: [int(x, 16) for x in fields[2].split()] for fields in rows("DerivedNormalizationProps.txt") if fields[1] == "NFKC_CF" for c in span(fields[0])}


def nfd(code):
    if code in HANGUL:
        index = code - HANGUL.start
        parts = [0x1100 + index // 588, 0x1161 + index % 588 // 28, 0x11A7 + index % 28]
        return parts if index % 28 else parts[:2]
    return [d for c in canonical[code] for d in nfd(c)] if code in canonical else [code]


def key(code):
    """NFD(NFKC_Casefold(code)), but for the iota below, which keeps its place among the marks until these are in order."""
    return [d for c in nfd(code) for f in ([c] if c == YPOGEGRAMMENI else folded.get(c, [c])) for d in nfd(f)]


def ranges(items):
    """Of (first, last, value) in order, neighbours of one value joined."""
    joined = []
    for first, last, value in items:
        if joined and joined[-1][2] == value and joined[-1][1] + 1 == first:
            joined[-1][1] = last
        else:
            joined.append([first, last, value])
    return joined


def write(kind, first, last, value):
    print(f"{kind}{first:X}" + (f"-{last:X}" if last > first else "") + value, file=out)


with open(pathlib.Path(__file__).with_name("casefold.txt"), "w", encoding="ascii", newline="\n") as out:
    version = next(iter((folder / "DerivedNormalizationProps.txt").open(encoding="utf-8"))).split("-")[-1].removesuffix(".txt\n")
    print(f"# Unicode {version}, made by casefold.py: + assigned, = combining class, > decomposed and folded. Hangul is decomposed by arithmetic.", file=out)
    for first, last, _ in ranges([(a, b, "") for a, b in assigned]):
        write("+", first, last, "")
    for first, last, ccc in ranges([(c, c, ccc) for c, ccc in sorted(classes.items())]):
        write("=", first, last, f" {ccc}")
    changed = [(c, c, "".join(f" {d:X}" for d in key(c))) for c in sorted({*folded, *canonical}) if key(c) != [c]]
    for first, last, value in ranges([item for item in changed if not item[2]]):
        write(">", first, last, value)
    for first, last, value in [item for item in changed if item[2]]:
        write(">", first, last, value)
