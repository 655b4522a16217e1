"""A hundred items and a hundred thousand empty tasks, by concurrent.futures."""
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed

from timed import timed


def work(item):
    return sum((item * i) % 7 for i in range(1000))


def nothing():
    pass


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as executor:
        executor.submit(nothing).result()
        with timed("100 items, submit and as_completed"):
            futures = [executor.submit(work, item) for item in range(100)]
            total = sum(done.result() for done in as_completed(futures))
        with timed("100 items, map"):
            assert sum(executor.map(work, range(100))) == total
        with timed("10^5 empty tasks, submit"):
            for future in [executor.submit(nothing) for _ in range(100_000)]:
                future.result()
    with ThreadPoolExecutor(2) as executor:
        with timed("10^5 empty tasks, submit (ThreadPoolExecutor)"):
            for future in [executor.submit(nothing) for _ in range(100_000)]:
                future.result()
