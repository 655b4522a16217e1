"""driver_test.py DRIVER: what is selected, what records are called, what the tables say."""

import importlib.util
import sys
import unittest

sys.path.insert(0, sys.argv.pop(1))
import plan  # noqa: E402
import report  # noqa: E402

def load_driver():
    path = sys.path[0] + "/__main__.py"
    spec = importlib.util.spec_from_file_location("driver_main", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names(*words):
    selection = load_driver().parse(list(words)).selection
    return {r.name() for r in selection.requests()}, selection.extras()


class Selecting(unittest.TestCase):
    def test_earlier_names_stay(self):
        for case in plan.LARGEST:
            self.assertEqual(names("--cases", case)[0], {case, case + "_returning"})

    def test_nothing_chosen_is_everything(self):
        everything, extras = names()
        self.assertEqual(extras, plan.EXTRAS)
        for name in ("axpb", "axpb/by_reference", "axpb/std_vector_odd", "add/double/in_place",
                     "triad/double/std_vector", "scale/12", "gather", "pow/double", "dot/int64"):
            self.assertIn(name, everything)

    def test_patterns_match_whole_names(self):
        self.assertEqual(names("--cases", "gauss/by_.*")[0], {"gauss/" + s for s in plan.STATES})
        self.assertEqual(names("--cases", "compile"), (set(), ("compile",)))

    def test_dimensions(self):
        self.assertEqual(names("--cases", "axpb.*", "--state", "by_value")[0], {"axpb/by_value"})
        self.assertEqual(names("--form", "in_place", "--cases", "axpb.*")[0],
                         {"axpb/in_place", "axpb/double/in_place"})
        self.assertEqual(names("--cases", "gauss/by_value.*", "--memory", "std_vector")[0], {"gauss/by_value/std_vector"})

    def test_sizes_take_the_place_of_the_usual_ones(self):
        selection = load_driver().parse(["--kind", "reduce", "--size", "2^10,7"]).selection
        self.assertEqual({r.elements for r in selection.requests()}, {7, 1024})

    def test_quick_is_small(self):
        selection = load_driver().parse(["--quick"]).selection
        self.assertLessEqual(max(r.elements for r in selection.requests()), 2**20)

    def test_refused(self):
        for words in (["--kind", "none"], ["--cases", "nothing"], ["--size", "0"], ["--launches", "0"]):
            with self.assertRaises(SystemExit) as left:
                load_driver().parse(words)
            self.assertEqual(left.exception.code, 2)


class Reporting(unittest.TestCase):
    def test_summary(self):
        def record(case, contender, time):
            return {"case": case, "elements": 2**16, "contender": contender, "median_ns": time,
                    "min_ns": time, "bytes": 1}
        records = [record("axpb/by_value", who, time) for who, time in (
            ("tbb", 40.0), ("openmp-fast", 20.0), ("hetmap-auto", 10.0), (plan.TWIN, 11.0))]
        summary = report.Report(records).summary()
        self.assertEqual(summary[-2].split(), ["axpb/by_value", "2^16", "2.00", "openmp-fast", "4.00", "tbb", "1.10"])

    def test_fresh_result_has_a_table_of_its_own(self):
        records = [{"case": "axpb", "elements": plan.LARGEST_RETURN, "contender": "hetmap-auto",
                    "median_ns": 1.0, "min_ns": 1.0, "bytes": 1}]
        self.assertEqual(report.Report(records).names, [])
        self.assertEqual(report.Report(records, ()).names, ["axpb"])


if __name__ == "__main__":
    unittest.main()
