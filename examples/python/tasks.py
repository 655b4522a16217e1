"""A hundred items and a hundred thousand empty tasks, by concurrent.futures."""
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed

from timed import timed


def work(item):
    return sum((item * i) % 7 for i in range(1000))


def nothing():
    pass


def by_futures(executor):
    futures = [executor.submit(work, item) for item in range(100)]
    return sum(done.result() for done in as_completed(futures))


def by_map(executor):
    return sum(executor.map(work, range(100)))


def empty_tasks(executor):
    for future in [executor.submit(nothing) for _ in range(100_000)]:
        future.result()


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as executor:
        assert by_futures(executor) == by_map(executor)
        timed("100 items, submit and as_completed", lambda: by_futures(executor))
        timed("100 items, map", lambda: by_map(executor))
        timed("10^5 empty tasks, submit", lambda: empty_tasks(executor))
    with ThreadPoolExecutor(2) as executor:
        timed("10^5 empty tasks, submit (ThreadPoolExecutor)", lambda: empty_tasks(executor))
