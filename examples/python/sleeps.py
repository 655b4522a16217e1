"""Functions that block, by multiprocessing.Pool and concurrent.futures."""
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import Pool

from timed import timed


def boil_water():
    time.sleep(0.3)
    return "water"


def toast_bread():
    time.sleep(0.2)
    return "toast"


def fry_egg():
    time.sleep(0.1)
    return "egg"


def sleep(_):
    time.sleep(0.1)


def breakfast(executor):
    steps = [executor.submit(step) for step in (boil_water, toast_bread, fry_egg)]
    served = [done.result() for done in as_completed(steps)]
    assert served == ["egg", "toast", "water"]


if __name__ == "__main__":
    with ProcessPoolExecutor(8) as executor:
        timed("three sleeping functions", lambda: breakfast(executor))
    with Pool(8) as pool:
        timed("24 sleeps of 100 ms, 8 workers", lambda: pool.map(sleep, range(24), chunksize=1))
