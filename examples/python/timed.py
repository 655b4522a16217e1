"""A line for scripts/tutorials: what was done and the seconds it took: first, median, least."""
import time


def timed(what, work):
    """Does the work three times, and up to nine times while two seconds last."""
    took = []
    while len(took) < 3 or (len(took) < 9 and sum(took) < 2):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    first = took[0]
    took.sort()
    print(f"{what}\t{first:.6f}\t{took[len(took) // 2]:.6f}\t{took[0]:.6f}", flush=True)
