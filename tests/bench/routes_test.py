"""routes_test.py PROGRAM: hetmap-bench routes writes what it says, and refuses what makes no sense."""

import csv
import json
import os
import subprocess
import sys
import tempfile

program = sys.argv[1]
MEMORIES = ("page_aligned", "std_vector", "generated")


def run(*words, environment=None):
    kept = {name: value for name, value in os.environ.items() if name != "HETMAP_BACKEND"}
    return subprocess.run([program, "routes", *words], capture_output=True, text=True, check=False,
                          env=kept | (environment or {}))


with tempfile.TemporaryDirectory() as folder:
    def beside(extension):
        return os.path.join(folder, "it's" + extension)  # a quotation mark in the plot's paths

    def load(extension):
        with open(beside(extension), encoding="utf-8") as file:
            return json.load(file)

    done = run("--quick", "--sizes", "1000,100", "--rounds", "4", "--memory", ",".join(MEMORIES), "--json", beside(".json"))
    assert done.returncode == 0, done.stderr

    # generated is for kernels with a form for the GPU
    kernels = {k: MEMORIES if k in ("axpb", "gauss", "collatz") else MEMORIES[:2]
               for k in ("axpb", "gauss", "gather", "collatz", "sum")}
    cells = {(k if m == "page_aligned" else f"{k}/{m}", n) for k, ms in kernels.items() for m in ms for n in (100, 1000)}

    times = load(".json")
    for record in times:
        assert list(record) == ["case", "elements", "contender", "median_ns", "min_ns", "bytes"], record
        assert 0 < record["min_ns"] <= record["median_ns"] and record["bytes"] >= record["elements"], record
    contenders = {cell: [r["contender"] for r in times if (r["case"], r["elements"]) == cell] for cell in cells}
    assert sum(len(names) for names in contenders.values()) == len(times)
    for names in contenders.values():
        assert names[:2] == ["serial", "cpu"] and names[-1] == "auto", names
        assert names[-2].removesuffix("-again") in names[:-2], names

    regrets = load(".regrets.json")
    assert {(r["case"], r["elements"]) for r in regrets} == cells and len(regrets) == len(cells)
    for record in regrets:
        names = contenders[record["case"], record["elements"]]
        at = {r["contender"]: r["median_ns"] for r in times if (r["case"], r["elements"]) == (record["case"], record["elements"])}
        assert record["rounds"] == 4 and record["regret"] > 0 and record["again"] > 0, record
        assert at[record["best"]] == min(at[x] for x in names[:-2]), (record, at)
        assert record["chosen"] is None or record["chosen"] in names, record
        if record["chosen"] == record["best"]:
            assert record["chosen_over_best"] == 1, record
        assert record["first_ns"] > 0 and record["warm_ns"] > 0, record

    with open(beside(".csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(r["case"], int(r["elements"])) for r in rows} == cells
    for row in rows:
        for r in times:
            if (r["case"], r["elements"]) == (row["case"], int(row["elements"])) and r["contender"] in row:
                assert float(row[r["contender"]]) == r["median_ns"], (row, r)

    assert os.path.exists(beside(".gnuplot"))
    assert os.path.exists(beside(".svg")) == ("drawn: " in done.stdout), done.stdout
    for case, _ in cells:
        assert sum(line.startswith(case + " ") for line in done.stdout.splitlines()) == 2, case  # both tables

    # Arrays are left out where there is no GPU, but not if they are asked for.
    done = run("--kernels", "axpb,pow/double", "--memory", "array", "--sizes", "1000", "--rounds", "4",
               "--launches", "1", "--json", beside(".json"))
    assert done.returncode == 0, done.stderr
    assert {r["case"] for r in load(".json")} == {"axpb/array", "pow/double/array"}

    # A size that takes too long, or does not fit, is left out and named.
    done = run("--kernels", "sleep1ms", "--memory", "page_aligned", "--sizes", "1,1000", "--rounds", "4",
               "--seconds", "0.1", "--launches", "0", "--json", beside(".json"))
    assert done.returncode == 0 and "sleep1ms above 1: beyond the limit of time" in done.stdout, (done.stdout, done.stderr)
    assert {r["elements"] for r in load(".json")} == {1}
    assert "first_ns" not in load(".regrets.json")[0]
    done = run("--kernels", "axpb", "--memory", "std_vector", "--sizes", "10,2^20", "--memory-limit", "0.001",
               "--launches", "0", "--json", beside(".json"))
    assert "axpb/std_vector above 10: beyond the limit of memory" in done.stdout, (done.stdout, done.stderr)

listed = run("--list").stdout.split()
assert {"axpb", "gather", "complex_operator/double", "collatz", "sleep1ms", "scale/12", "quantise", "pow/double"} <= set(listed)

for words, said in ((("--kernels", "nothing"), "there is no kernel nothing"), (("--kernels", "("), "--kernels"),
                    (("--sizes", "0"), "--sizes"), (("--sizes", "2^31"), "--sizes"), (("--sizes", "many"), "'many'"),
                    (("--memory", "disk"), "there is no memory disk, only page_aligned"), (("--rounds", "3"), "--rounds"),
                    (("--seconds", "0"), "--seconds"), (("--no-such-option",), "--no-such-option")):
    done = run(*words)
    assert done.returncode == 2 and said in done.stderr, (words, done.returncode, done.stderr)
done = run("--quick", "--json", "/no/such/folder/routes.json")
assert done.returncode == 1 and "cannot write /no/such/folder/routes.json" in done.stderr and not done.stdout, done.stderr
done = run("--quick", environment={"HETMAP_BACKEND": "cpu"})
assert done.returncode == 2 and "HETMAP_BACKEND is set" in done.stderr, done.stderr
done = subprocess.run([program], capture_output=True, text=True, check=False)
assert done.returncode == 2 and "subcommand" in done.stderr, done.stderr
