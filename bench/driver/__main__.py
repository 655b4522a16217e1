"""scripts/bench: hetmap against its peers.

Contenders are launched in turn, round by round, each in a process of its own, and the medians of
their launches are compared: one launch's pages can lie 1.5 times better than the next one's.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time

import compile_time
import launches
import plan
import report

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.machine()


def default_output():
    model = re.sub(r"\((r|tm)\)|\bcpu\b|@.*", "", cpu_model().lower())
    model = re.sub(r"[^a-z0-9]+", "-", model).strip("-")
    return os.path.join(ROOT, "bench", "results", f"{model}-{datetime.date.today()}.json")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


EPILOG = f"""
kinds of cases:
  classic       {", ".join(plan.LARGEST)}
  state         the kernel's constants captured by a lambda: {", ".join(plan.STATES)}
  memory        axpb over {", ".join(plan.MEMORIES[1:])}
  in_place      the output is the first input
  bandwidth     the kernels of BabelStream (bench-bandwidth prints them as it does)
  element_size  elements of 1 to 24 bytes
  convert       widening, narrowing, quantise, gather, complex numbers, normalise
  math          functions of one double
  reduce        map_reduce
and, if nothing is chosen or --cases names them: {", ".join(plan.EXTRAS)}

A record is named KERNEL[/TYPE][/STATE][_returning|/in_place][/MEMORY], without what goes without saying:
float, no state, memory that exists and is page_aligned. --cases axpb selects axpb and axpb_returning,
--cases 'axpb.*' all of it. --memory and --size take the place of what is usual for the cases chosen:
--cases 'gauss/by_.*' --memory std_vector --size 65536.

On two cores a full run takes about 45 minutes, one of the classic kind 9, --quick two. A machine that does
nothing else, please.
"""


def names(known):
    def split(text):
        words = tuple(text.split(","))
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"there is no {word}, only {', '.join(known)}")
        return words
    return split


def sizes(text):
    found = tuple(2 ** int(w[2:]) if w.startswith("2^") else int(w) for w in text.split(","))
    if min(found) < 1:
        raise argparse.ArgumentTypeError("from 1")
    return tuple(sorted(found))


def parse(words=None):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default=os.path.join(ROOT, "build", "bench", "bench"), help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true",
                        help="2 launches, no more than 2^20 elements: to see that it works")
    parser.add_argument("--launches", type=int, help="of each contender (default 9)")
    parser.add_argument("--kind", type=names(plan.KINDS), default=tuple(plan.KINDS), metavar="KIND,...")
    parser.add_argument("--cases", help="regular expressions, with commas between them")
    parser.add_argument("--state", type=names(("none", *plan.STATES)), metavar="STATE,...",
                        help="none, " + ", ".join(plan.STATES))
    parser.add_argument("--form", type=names(plan.FORMS), metavar="FORM,...", help=", ".join(plan.FORMS))
    parser.add_argument("--memory", type=names(plan.MEMORIES), metavar="MEMORY,...", help=", ".join(plan.MEMORIES))
    parser.add_argument("--size", type=sizes, metavar="N,...", help="elements: 4096, or 2^12")
    parser.add_argument("--output", default=default_output(),
                        help="where the JSON goes (default %(default)s); the tables go beside it")
    asked = parser.parse_args(words)
    asked.selection = plan.Selection(
        kinds=asked.kind, cases=tuple(asked.cases.split(",")) if asked.cases else None, states=asked.state,
        forms=asked.form, memories=asked.memory, sizes=asked.size, largest=2**20 if asked.quick else 2**27)
    if not asked.selection.requests() and not asked.selection.extras():
        parser.error("no case is all that; see --help for what there is")
    if asked.launches is not None and asked.launches < 1:
        parser.error("--launches: from 1")
    return asked


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def run(bench, todo, quick):
    wrong = []
    if todo.requests:
        for program in bench.programs:
            progress(f"checking {program}")
            wrong += bench.check(plan.Launch(program, (), todo.check_requests()))
    for turn in range(todo.launches):
        started = todo.round(bench.programs)
        for k in range(len(started)):
            launch = started[(k + turn) % len(started)]  # nobody is always first
            progress(f"round {turn + 1} of {todo.launches}: {launch.program}")
            bench.measure(launch)
    for turn in range(1 if quick else 3):
        for launch in todo.first_calls(bench.programs):
            progress(f"first calls, round {turn + 1}: {launch.program}")
            bench.measure(launch)
    if "compile" in todo.extras:
        progress("compile time")
        compile_time.measure(bench, os.path.join(ROOT, "bench", "compile_time"), 2 if quick else 7)
    progress("")
    return wrong


def main():
    asked = parse()
    todo = plan.Plan(
        requests=asked.selection.requests(),
        extras=asked.selection.extras(),
        launches=asked.launches or (2 if asked.quick else 9),
        seconds=0.005 if asked.quick else 0.03)
    began, load = time.monotonic(), os.getloadavg()[0]
    bench = launches.Bench(asked.programs, todo.seconds)
    wrong = run(bench, todo, asked.quick)
    records = bench.records()

    lines = [
        f"{cpu_model()}, {bench.workers} threads for each contender, hetmap at level {bench.isa}",
        f"{bench.build['compiler_version']}, {' '.join(platform.libc_ver())}, "
        f"Linux {platform.release()}; hetmap {commit()}",
        f"peers {bench.build['peers']} (openmp-fast: also -ffast-math), "
        f"hetmap {bench.build['hetmap']}",
        f"{datetime.date.today()}, launches of each contender, in turn: {todo.launches}, "
        f"{time.monotonic() - began:.0f} s; load of the machine before: {load:.1f}",
    ]
    if asked.quick:
        lines.append("QUICK RUN: fewer launches, shorter ones, nothing above 2^20 elements but "
                     "fresh_result. Not for comparisons.")
    elif todo.launches < 9:
        lines.append("Fewer than nine launches. Not for comparisons.")
    if load > 0.5:
        lines.append("The machine was busy: not for comparisons.")
    lines += ["", *report.Report(records, todo.extras).lines()]
    for record in wrong:
        lines.append(f"WRONG: {record['contender']}, {record['case']} {record['form']}, "
                     f"{record['memory']}, n = {record['elements']}: {record['wrong']} results")
    print("\n".join(lines))

    folder = os.path.dirname(os.path.abspath(asked.output))
    os.makedirs(folder, exist_ok=True)
    with open(asked.output, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(r) for r in records) + "\n]\n")
    text = os.path.splitext(asked.output)[0] + ".txt"
    with open(text, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip() + "\n")
    print(f"written: {asked.output}, {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
