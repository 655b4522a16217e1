"""A line for scripts/tutorials: what was done and the seconds it took."""
import contextlib
import time


@contextlib.contextmanager
def timed(what):
    began = time.perf_counter()
    yield
    print(f"{what}\t{time.perf_counter() - began:.6f}", flush=True)
