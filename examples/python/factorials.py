"""Exact factorials of a million random integers in 1..99, by 1 to 4 workers."""
import random
from multiprocessing import Pool

from timed import timed


def factorial(n):
    product = 1
    for k in range(2, n + 1):
        product *= k
    return product


def main():
    random.seed(1)
    numbers = [random.randint(1, 99) for _ in range(1_000_000)]
    for workers in (1, 2, 3, 4):
        with Pool(workers) as pool:

            def by_map():
                factorials = pool.map(factorial, numbers)
                assert factorials[7] == factorial(numbers[7])

            timed(f"10^6 factorials, {workers} workers", by_map)


if __name__ == "__main__":
    main()
