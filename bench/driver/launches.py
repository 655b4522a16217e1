"""Runs contenders and keeps what they report."""

import collections
import json
import os
import statistics
import subprocess

import plan


def one_thread_a_core():
    """The hardware threads that this process may use, one of each physical core."""
    chosen, seen = set(), set()
    for cpu in sorted(os.sched_getaffinity(0)):
        folder = f"/sys/devices/system/cpu/cpu{cpu}/topology"
        try:
            with open(f"{folder}/thread_siblings_list", encoding="ascii") as file:
                core = file.read().strip()
        except OSError:
            core = str(cpu)
        if core not in seen:
            seen.add(core)
            chosen.add(cpu)
    return chosen


class Bench:
    """The programs of one build, all run on the same cores with the same number of threads."""

    def __init__(self, folder, seconds):
        self.folder = folder
        self.seconds = seconds
        with open(f"{folder}/contenders.json", encoding="utf-8") as file:
            self.build = json.load(file)
        self.programs = self.build["programs"]
        self.cores = one_thread_a_core()
        # OpenMP's and oneTBB's own defaults, whatever the caller has set.
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OMP_", "GOMP_", "KMP_", "TBB_", "HETMAP_"))
        }
        self.workers, self.isa = len(self.cores), "unknown"
        if "hetmap" in self.programs:
            machine = self._run("hetmap", ["--machine"])[0]
            self.workers, self.isa = machine["workers"], machine["isa"]
        self.medians = collections.defaultdict(list)
        self.minima = collections.defaultdict(list)
        self.bytes = {}
        self.errors = {}
        self.cases = {}  # by the names of records

    def _run(self, program, arguments, may_fail=False):
        done = subprocess.run(
            [f"{self.folder}/bench-{program}", *arguments],
            env=self.environment,
            preexec_fn=lambda: os.sched_setaffinity(0, self.cores),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode not in ((0, 1) if may_fail else (0,)):
            raise SystemExit(f"bench-{program} {' '.join(arguments)}: status {done.returncode}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _arguments(self, launch):
        found = ["--workers", str(self.workers), "--seconds", str(self.seconds)]
        if launch.contenders:
            found += ["--contenders", ",".join(launch.contenders)]
        for request in launch.requests:
            found += ["--measure", str(request)]
        return found

    def check(self, launch):
        """Keeps the errors of one program; returns the records that are wrong."""
        wrong = []
        for record in self._run(launch.program, self._arguments(launch) + ["--check"], True):
            if record["wrong"]:
                wrong.append(record)
            key = (record["case"], record["contender"])
            worst = self.errors.setdefault(key, {"max_ulp": 0, "mean_ulp": 0, "elements": 0})
            worst["max_ulp"] = max(worst["max_ulp"], record["max_ulp"])
            if record["elements"] > worst["elements"]:  # the mean of the largest sample
                worst.update(mean_ulp=record["mean_ulp"], elements=record["elements"])
        return wrong

    def measure(self, launch):
        extra = ["--first-call"] if launch.first_call else []
        for record in self._run(launch.program, self._arguments(launch) + extra):
            name = plan.name_of(record["case"], record["form"], record["memory"])
            self.cases[name] = record["case"]
            self.add(name, record["elements"], record["contender"], record["median_ns"],
                     record["min_ns"], record["bytes"])

    def add(self, case, elements, contender, median_ns, min_ns, moved):
        key = (case, elements, contender)
        self.medians[key].append(median_ns)
        self.minima[key].append(min_ns)
        self.bytes[key] = moved

    def records(self):
        """One record a case, size and contender: the median of the launches' medians."""
        found = []
        for key, medians in self.medians.items():
            case, elements, contender = key
            record = {
                "case": case,
                "elements": elements,
                "contender": contender,
                "median_ns": round(statistics.median(medians), 2),
                "min_ns": round(min(self.minima[key]), 2),
                "bytes": self.bytes[key],
                "launches": len(medians),
            }
            error = self.errors.get((self.cases.get(case), contender))
            if error:
                record["max_ulp"] = error["max_ulp"]
                record["mean_ulp"] = error["mean_ulp"]
            found.append(record)
        return found
