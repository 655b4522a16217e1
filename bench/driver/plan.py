"""What is measured: cases, sizes, launches."""

import dataclasses

SIZES = (1, 16, 256, 4096, 2**16, 2**20, 2**24, 2**27)
LARGEST_RETURN = 2**25  # 128 MiB of floats, made anew by every call

# The largest size of each case, by form. A scalar loop takes 0.5 s for 2^20 elements of logistic200
# and 1 s for 2^24 of greeks; beyond 2^24 only the cases that memory limits are measured.
LARGEST = {
    "axpb": {"into": 2**27, "returning": 2**24},
    "gauss": {"into": 2**27, "returning": 2**24},
    "relu_exp": {"into": 2**24, "returning": 2**20},
    "logistic200": {"into": 2**20, "returning": 2**12},
    "black_scholes": {"into": 2**24, "returning": 2**20},
    "greeks": {"into": 2**24, "returning": 2**20},
    "black_scholes_double": {"into": 2**24, "returning": 2**20},
}
CASES = tuple(LARGEST)
EXTRAS = ("sleep100ms", "fresh_result", "compile")

TWIN = "hetmap-auto-again"
LIMIT = "streaming-limit"
# hetmap learns what kernels cost, so the automatic choice is launched without backends that would
# teach it; its twin is a process of its own, as every peer is.
HETMAP_LAUNCHES = (("hetmap-serial", "hetmap-cpu"), ("hetmap-auto", LIMIT), (TWIN,))


@dataclasses.dataclass(frozen=True)
class Request:
    case: str
    form: str
    elements: int

    def __str__(self):
        return f"{self.case}:{self.form}:{self.elements}"


@dataclasses.dataclass(frozen=True)
class Launch:
    """One process: a program, which of its contenders, what they do."""

    program: str
    contenders: tuple = ()  # empty: all of them
    requests: tuple = ()
    first_call: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    cases: tuple
    extras: tuple
    launches: int
    seconds: float  # for one measurement of one contender in one launch
    largest: int

    def requests(self):
        """Sizes of a case ascend, so that the largest ones come last."""
        return tuple(
            Request(case, form, n)
            for case in self.cases
            for form in ("into", "returning")
            for n in SIZES
            if n <= min(LARGEST[case][form], self.largest)
        )

    def check_requests(self):
        """Sizes with and without a remainder, and one that the caches do not hold."""
        sizes = (1, 63, 64, 4096 + 7, 2**16 + 7)
        found = [
            Request(case, form, n)
            for case in self.cases
            for form in ("into", "returning")
            for n in sizes
        ]
        return tuple(found) + tuple(
            Request(case, "into", 2**24 + 7)
            for case in self.cases
            if case in ("axpb", "gauss") and self.largest >= 2**24
        )

    def round(self, programs):
        """The launches of one round."""
        found = []
        if self.requests():
            for program in programs:
                for contenders in HETMAP_LAUNCHES if program == "hetmap" else ((),):
                    found.append(Launch(program, contenders, self.requests()))
        if "fresh_result" in self.extras:
            forms = tuple(Request("axpb", f, LARGEST_RETURN) for f in ("into", "returning"))
            for program, who in (("hetmap", "hetmap-auto"), ("par_unseq", "par_unseq")):
                if program in programs:
                    found.append(Launch(program, (who,), forms))
        return found

    def first_calls(self, programs):
        """24 calls that wait, the first thing that a process does."""
        if "sleep100ms" not in self.extras:
            return []
        request = (Request("sleep100ms", "into", 24),)
        found = [Launch(p, (), request, True) for p in programs if p not in ("serial", "hetmap")]
        if "hetmap" in programs:
            for who in ("hetmap-cpu", "hetmap-auto"):
                found.append(Launch("hetmap", (who,), request, True))
        return found
