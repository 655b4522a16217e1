"""Tables for people, from the records."""

import plan

PEERS = ("serial", "openmp", "openmp-fast", "tbb", "par_unseq", "thrust-tbb")
OURS = ("hetmap-serial", "hetmap-cpu", "hetmap-auto")


def duration(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 999.5 * size else f"{ns / size:.0f} {unit}"
    return f"{ns:.3g} ns"


def count(n):
    power = n.bit_length() - 1
    return f"2^{power}" if n > 9999 and n == 2**power else str(n)


def error(ulp):
    return f"{ulp:.2g}" if ulp < 10 else f"{ulp:.0f}" if ulp < 1e4 else f"{ulp:.0e}"


def table(header, rows):
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip()
        for row in [header, *rows]
    ]


class Report:
    def __init__(self, records, extras=plan.EXTRAS):
        self.fresh = plan.LARGEST_RETURN if "fresh_result" in extras else None
        self.time = {(r["case"], r["elements"], r["contender"]): r["median_ns"] for r in records}
        self.errors = {
            (r["case"], r["contender"]): (r["max_ulp"], r["mean_ulp"])
            for r in records
            if "max_ulp" in r and not r["case"].endswith(("_returning", "/in_place", *plan.MEMORIES))
        }
        # In the order in which they were measured, without what the extras' tables show.
        self.names = list(dict.fromkeys(
            r["case"] for r in records
            if r["case"] not in plan.EXTRAS and self._sizes(r["case"])))
        self.bytes = {(r["case"], r["elements"]): r["bytes"] for r in records}

    def _sizes(self, case):
        """Without the one that fresh_result is about."""
        return sorted({n for c, n, _ in self.time if c == case
                       and not (case in ("axpb", "axpb_returning") and n == self.fresh)})

    def _fastest(self, case, n, left_out=()):
        """The fastest peer and its time."""
        at = {x: self.time[case, n, x] for x in PEERS if (case, n, x) in self.time and x not in left_out}
        best = min(at, key=at.get, default=None)
        return best, at.get(best)

    def _row(self, case, n, names):
        at = {name: self.time.get((case, n, name)) for name in (*names, plan.TWIN)}
        cells = [count(n)] + [duration(at[x]) if at.get(x) else "-" for x in names]
        auto = at.get("hetmap-auto")
        if not auto:
            return cells + [""] * 6
        cells.append(f"{self.bytes[case, n] / auto:.3g}")
        for left_out in ((), ("openmp-fast",)):
            best, took = self._fastest(case, n, left_out)
            cells.append(f"{took / auto:.2f}x {best}" if best else "-")
        fixed = [at[x] for x in OURS[:2] if at.get(x)]
        cells.append(f"{auto / min(fixed):.2f}" if fixed else "-")
        cells.append(f"{at[plan.TWIN] / auto:.2f}" if at[plan.TWIN] else "-")
        return cells

    def speed(self, case):
        sizes = self._sizes(case)
        names = [
            x for x in (*PEERS, *OURS, plan.LIMIT) if any((case, n, x) in self.time for n in sizes)
        ]
        header = ["n", *names, "GB/s", "against fastest peer", "and without -ffast-math",
                  "regret", "A/A"]
        return [case, *table(header, [self._row(case, n, names) for n in sizes]), ""]

    def accuracy(self):
        cases = list(dict.fromkeys(c for c, _ in self.errors))
        names = [x for x in (*PEERS, *OURS) if any(k[1] == x for k in self.errors)]
        rows = []
        for case in cases:
            cells = [self.errors.get((case, x)) for x in names]
            rows.append([case] + [f"{error(e[0])} ({error(e[1])})" if e else "-" for e in cells])
        if not rows:
            return []
        return ["Errors in ULP: largest (mean). Prices are differences of larger numbers, which is "
                "where their largest errors come from;",
                "exp enlarges the rounding of gauss's -x * x; logistic200 is compared with the "
                "same float arithmetic, to the bit.", *table(["", *names], rows), ""]

    def _extra(self, title, case, rows):
        found = [(label, self.time.get((c, n, who))) for label, c, n, who in rows]
        lines = [[label, duration(t)] for label, t in found if t]
        return [title, *table(["", case], lines), ""] if lines else []

    def extras(self):
        n = plan.LARGEST_RETURN
        names = (*PEERS[1:], *OURS[1:])
        return [
            *self._extra("24 calls of a function that takes 100 ms, the first ones of the process",
                         "time", [(x, "sleep100ms", 24, x) for x in names]),
            *self._extra(f"axpb over {count(n)} floats, repeated", "time a call", [
                ("hetmap: auto y = map(f, x)", "axpb_returning", n, "hetmap-auto"),
                ("hetmap: map_into(y, f, x)", "axpb", n, "hetmap-auto"),
                ("par_unseq: a new std::vector", "axpb_returning", n, "par_unseq"),
                ("par_unseq: into a std::vector", "axpb", n, "par_unseq")]),
            *self._extra("Compile time of a file that makes one map, at -O2", "time", [
                ("#include <hetmap/hetmap.hpp>", "compile", 1, "hetmap"),
                ("#include <execution>", "compile", 1, "par_unseq"),
                ("a loop over vectors", "compile", 1, "serial")]),
        ]

    def noise(self):
        """How far apart one contender is from itself."""
        lines = []
        for low, high in ((1, 4096), (2**16, 2**20), (2**24, 2**27)):
            ratios = sorted(
                max(t / other, other / t)
                for (case, n, who), t in self.time.items()
                if who == "hetmap-auto" and low <= n <= high
                and (other := self.time.get((case, n, plan.TWIN)))
            )
            if ratios:
                lines.append([f"n from {count(low)} to {count(high)}", str(len(ratios)),
                              f"{ratios[len(ratios) // 2]:.2f}", f"{ratios[-1]:.2f}"])
        if not lines:
            return []
        return ["A/A: hetmap-auto against itself under another name, in a process of its own",
                *table(["", "rows", "median ratio", "largest ratio"], lines), ""]

    def summary(self):
        """Every case in a line: hetmap-auto against the fastest peer, and against itself."""
        rows = []
        for case in self.names:
            for n in self._sizes(case):
                auto, again = (self.time.get((case, n, x)) for x in (OURS[2], plan.TWIN))
                best, took = self._fastest(case, n)
                plain, plain_took = self._fastest(case, n, ("openmp-fast",))
                if auto and best:
                    rows.append([case, count(n), f"{took / auto:.2f}", best, f"{plain_took / auto:.2f}" if plain else "-",
                                 plain or "-", f"{again / auto:.2f}" if again else "-"])
        if not rows:
            return []
        return ["Every case: time of the fastest peer / time of hetmap-auto, the same without "
                "-ffast-math, and A/A",
                *table(["case", "n", "ratio", "fastest", "ratio", "without -ffast-math", "A/A"], rows), ""]

    def lines(self):
        found = []
        for name in self.names:
            found += self.speed(name)
        if found:
            found += [
                "Times are medians over the launches. GB/s: bytes read and written by hetmap-auto. "
                "Against: time of the peer / time of hetmap-auto,",
                "above 1 where hetmap is faster. Regret: hetmap-auto / the better of hetmap-serial "
                "and hetmap-cpu. A/A: hetmap-auto-again / hetmap-auto.", ""]
        return found + self.accuracy() + self.extras() + self.summary() + self.noise()
