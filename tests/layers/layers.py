#!/usr/bin/env python3
"""layers.py ROOT: whether the sources are ordered as docs/design.md says, and CONTRIBUTING.md names them.

Execution flows one way, from the verbs down, and so do includes: a file includes files of its own folder or
of folders below it, never in a circle. A unit is a header and the source file of its name.
"""
import fnmatch
import pathlib
import re
import sys

# From the bottom up. Folders in one line know nothing of each other.
LAYERS = [["device"], ["base"], ["cpu", "io"], ["gpu"], ["call", "pool"], ["pipeline"]]

# The same of include/hetmap/detail: what lies there itself is known to all.
DETAIL_LAYERS = [["seam"], ["data"], ["kernel", "cuda"], ["verb"]]

ROOT = pathlib.Path(sys.argv[1]).resolve()
DETAIL = ROOT / "include" / "hetmap" / "detail"
SRC = ROOT / "src"
CODE = {".hpp", ".cpp", ".cu", ".cuh"}
faults = []


def code_in(folder):
    return sorted(f for f in folder.rglob("*") if f.suffix in CODE)


def included_by(file):
    """The files of the project that `file` includes by a path from where it is."""
    for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(), re.M):
        yield (file.parent / name).resolve()


def folder_of(file):
    within = file.relative_to(SRC)
    return within.parts[0] if len(within.parts) > 1 else within.stem


def unit_of(file):
    return str(file.relative_to(SRC).with_suffix(""))


def check_order():
    height = {folder: k for k, line in enumerate(LAYERS) for folder in line}
    units = {}
    for file in code_in(SRC):
        here = folder_of(file)
        if here not in height:
            faults.append(f"{file.relative_to(ROOT)}: its folder has no place among the layers")
            continue
        known = units.setdefault(unit_of(file), set())
        for other in included_by(file):
            if SRC not in other.parents:
                faults.append(f"{file.relative_to(ROOT)} includes {other}, which is not in src/")
                continue
            there = folder_of(other)
            if there != here and height.get(there, len(LAYERS)) >= height[here]:
                faults.append(f"{file.relative_to(ROOT)} includes {other.relative_to(ROOT)}: "
                              f"{there} does not lie below {here}")
            if unit_of(other) != unit_of(file):
                known.add(unit_of(other))
    check_circles(units)


def check_circles(units):
    done = set()

    def visit(unit, path):
        if unit in path:
            circle = path[path.index(unit):] + [unit]
            faults.append("units include each other: " + " -> ".join(circle))
            return
        if unit in done:
            return
        for other in sorted(units.get(unit, ())):
            visit(other, path + [unit])
        done.add(unit)

    for unit in sorted(units):
        visit(unit, [])


def check_detail():
    height = {folder: k for k, line in enumerate(DETAIL_LAYERS) for folder in line}
    for file in code_in(DETAIL):
        here = file.parent.name
        if here != DETAIL.name and here not in height:
            faults.append(f"{file.relative_to(ROOT)}: its folder has no place among the layers")
            continue
        for there in re.findall(r"<hetmap/detail/([a-z]+)/", file.read_text()):
            if there != here and height.get(there, len(DETAIL_LAYERS)) >= height.get(here, 0):
                faults.append(f"{file.relative_to(ROOT)}: {there} does not lie below {here}")


def check_seam():
    """The core knows of the headers' insides the seam, and nothing that depends on users' types."""
    for file in code_in(SRC):
        for there in re.findall(r"<hetmap/detail/([a-z]+)/", file.read_text()):
            if there != DETAIL_LAYERS[0][0]:
                faults.append(f"{file.relative_to(ROOT)} includes something of detail/{there}/")


def check_outside():
    for half in sorted(ROOT.glob("*/gpu_half.cmake")):
        for file in code_in(half.parent):
            for other in included_by(file):
                if SRC in other.parents and folder_of(other) != LAYERS[0][0]:
                    faults.append(f"{file.relative_to(ROOT)} includes {other.relative_to(ROOT)}: "
                                  "of src/ only the device interface is meant for a vendor's half")
    for file in code_in(ROOT / "include"):
        if re.search(r'#\s*include\s*"', file.read_text()):
            faults.append(f"{file.relative_to(ROOT)} includes something that is not installed")


def check_map():
    """Every unit of a folder is named in its line of CONTRIBUTING.md's table, and nothing else is."""
    lines = {}
    for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines():
        cells = re.match(r"\| `([a-z/_]+)/`[^|]*\| (.*) \|$", line)
        if cells:
            lines[cells[1]] = re.findall(r"`([a-z0-9_*]+)`", cells[2])
    folders = ["include/hetmap/detail"]
    folders += [f"include/hetmap/detail/{f.name}" for f in DETAIL.iterdir() if f.is_dir()]
    folders += [f"src/{f.name}" for f in SRC.iterdir() if f.is_dir()]
    for folder in sorted(folders):
        if folder not in lines:
            faults.append(f"CONTRIBUTING.md: no line for {folder}/")
            continue
        units = {f.stem for f in (ROOT / folder).iterdir() if f.suffix in CODE}
        for unit in sorted(units):
            if not any(fnmatch.fnmatch(unit, name) for name in lines[folder]):
                faults.append(f"CONTRIBUTING.md does not say what {folder}/{unit} is")
        for name in lines[folder]:
            if not any(fnmatch.fnmatch(unit, name) for unit in units):
                faults.append(f"CONTRIBUTING.md: there is no {folder}/{name}")


check_order()
check_detail()
check_seam()
check_outside()
check_map()
print("\n".join(faults) if faults else "in order")
sys.exit(1 if faults else 0)
