"""What is measured: cases, sizes, launches."""

import dataclasses
import re

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
EXTRAS = ("sleep100ms", "fresh_result", "compile")

STATES = ("by_value", "by_reference", "by_pointer")
FORMS = ("into", "returning", "in_place")
MEMORIES = ("page_aligned", "std_vector", "std_vector_odd", "hetmap_vector")
USUAL_MEMORY = MEMORIES[0]

TWIN = "hetmap-auto-again"
LIMIT = "streaming-limit"
# hetmap learns what kernels cost, so the automatic choice is launched without backends that would
# teach it; its twin is a process of its own, as every peer is.
HETMAP_LAUNCHES = (("hetmap-serial", "hetmap-cpu"), ("hetmap-auto", LIMIT), (TWIN,))


def of_types(cases, types):
    """float goes without saying."""
    return tuple(c + ("" if t == "float" else "/" + t) for t in types for c in cases)


@dataclasses.dataclass(frozen=True)
class Rows:
    """Cases that are measured alike."""

    cases: tuple
    sizes: tuple
    forms: tuple = ("into",)
    memories: tuple = (USUAL_MEMORY,)


FLOATS = ("float", "double")
KINDS = {
    "classic": tuple(
        Rows((case,), tuple(n for n in SIZES if n <= most), (form,))
        for case, largest in LARGEST.items()
        for form, most in largest.items()
    ),
    "state": (
        Rows(tuple(f"{c}/{s}" for c in ("axpb", "gauss") for s in STATES), (4096, 2**16, 2**20, 2**25)),
        Rows(tuple(f"{c}/{s}" for c in ("black_scholes", "logistic200") for s in STATES), (4096, 2**16)),
    ),
    "memory": (Rows(("axpb",), (2**16, 2**20, 2**24, 2**27), memories=MEMORIES[1:]),),
    "in_place": (
        Rows(("axpb", "add"), (2**16, 2**20, 2**23, 2**27), ("in_place",)),
        Rows(("axpb/double", "add/double"), (2**16, 2**20, 2**23, 2**26), ("in_place",)),
    ),
    "bandwidth": (
        Rows(of_types(("copy", "mul", "add", "triad"), FLOATS), (2**16, 2**20, 2**25),
             memories=("page_aligned", "std_vector")),
        Rows(of_types(("nstream",), FLOATS), (2**16, 2**20, 2**25), ("in_place",),
             ("page_aligned", "std_vector")),
    ),
    "element_size": (Rows(tuple(f"scale/{n}" for n in (1, 2, 4, 8, 12, 16, 24)), (2**16, 2**20, 2**23)),),
    "convert": (
        Rows(("uint8_to_int32", "float_to_double", "double_to_float", "int32_to_uint8", "quantise",
              "gather", "complex_multiply", "complex_operator", "normalise"), (2**20, 2**23)),
    ),
    "math": (Rows(of_types(("exp", "log", "erfc", "sincos", "pow"), ("double",)), (4096, 2**20, 2**23)),),
    "reduce": (
        Rows(of_types(("sum", "dot", "max", "sum_of_squares"), (*FLOATS, "int64")),
             (4096, 2**16, 2**20, 2**25)),
    ),
}


def state_of(case):
    last = case.rpartition("/")[2]
    return last if last in STATES else "none"


@dataclasses.dataclass(frozen=True)
class Request:
    case: str
    form: str
    elements: int
    memory: str = USUAL_MEMORY

    def __str__(self):
        return f"{self.case}:{self.form}:{self.elements}:{self.memory}"

    def name(self):
        return name_of(self.case, self.form, self.memory)


def name_of(case, form, memory):
    """What records are called: the case, with what is not as usual."""
    form = {"into": "", "returning": "_returning", "in_place": "/in_place"}[form]
    return case + form + ("" if memory == USUAL_MEMORY else "/" + memory)


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which of all that there is; None: whatever the tables say."""

    kinds: tuple = tuple(KINDS)
    cases: tuple = None  # regular expressions
    states: tuple = None
    forms: tuple = None
    memories: tuple = None  # instead of the tables'
    sizes: tuple = None  # instead of the tables'
    largest: int = 2**27

    def _has(self, case, form, memory):
        if self.states and state_of(case) not in self.states:
            return False
        if self.forms and form not in self.forms:
            return False
        name = name_of(case, form, memory)
        return self.cases is None or any(
            re.fullmatch(wanted, n) for wanted in self.cases for n in {name, name.replace("_returning", "")})

    def requests(self):
        """Sizes of a case ascend, so that the largest ones come last."""
        found = {}
        for kind in self.kinds:
            for rows in KINDS[kind]:
                for memory in self.memories or rows.memories:
                    for case in rows.cases:
                        for form in rows.forms:
                            if self._has(case, form, memory):
                                for n in self.sizes or rows.sizes:
                                    if n <= self.largest:
                                        found[Request(case, form, n, memory)] = None
        return tuple(found)

    def extras(self):
        if self.cases is None:
            chosen = self.kinds == tuple(KINDS) and not (self.states or self.forms or self.memories or self.sizes)
            return EXTRAS if chosen else ()
        return tuple(e for e in EXTRAS if any(re.fullmatch(wanted, e) for wanted in self.cases))


@dataclasses.dataclass(frozen=True)
class Launch:
    """One process: a program, which of its contenders, what they do."""

    program: str
    contenders: tuple = ()  # empty: all of them
    requests: tuple = ()
    first_call: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    requests: tuple
    extras: tuple
    launches: int
    seconds: float  # for one measurement of one contender in one launch

    def check_requests(self):
        """Sizes with and without a remainder, and one that the caches do not hold."""
        sizes = (1, 63, 64, 4096 + 7, 2**16 + 7)
        kinds = dict.fromkeys((r.case, r.form, r.memory) for r in self.requests)
        found = [Request(case, form, n, memory) for case, form, memory in kinds for n in sizes]
        return tuple(found) + tuple(
            Request(case, form, 2**24 + 7, memory)
            for case, form, memory in kinds
            if case in ("axpb", "gauss") and form == "into"
            and any(r.case == case and r.elements >= 2**24 for r in self.requests)
        )

    def round(self, programs):
        """The launches of one round."""
        found = []
        if self.requests:
            for program in programs:
                for contenders in HETMAP_LAUNCHES if program == "hetmap" else ((),):
                    found.append(Launch(program, contenders, self.requests))
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
