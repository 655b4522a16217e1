"""results_test.py DRIVER PROGRAM: every case that the plan can ask for exists, in every form and kind of
memory, and has the right results, at sizes with and without a remainder."""

import json
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import plan  # noqa: E402

program = sys.argv[2]


def run(*words):
    done = subprocess.run([program, "--workers", "2", *words], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), (done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


offered = {(r["case"], r["form"]) for r in run("--list-cases")}
asked = {(r.case, r.form) for r in plan.Selection().requests()}
assert asked <= offered, f"there are no {sorted(asked - offered)}"

requests = [
    plan.Request(case, form, n, memory)
    for case, form in sorted(offered) if not case.startswith("sleep")
    for memory in plan.MEMORIES
    for n in ((1, 63, 4103, 65543) if memory == plan.USUAL_MEMORY else (4103,))
]
records = run("--check", *(word for r in requests for word in ("--measure", str(r))))
seen = {(r["case"], r["form"], r["elements"], r["memory"]) for r in records}
assert len(seen) == len(requests), (len(seen), len(requests))
wrong = [r for r in records if r["wrong"]]
assert not wrong, wrong
