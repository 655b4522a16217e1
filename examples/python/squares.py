"""Squares of ten million numbers, by multiprocessing.Pool."""
from multiprocessing import Pool

from timed import timed


def square(i):
    return i * i


def power(base, exponent):
    return base**exponent


if __name__ == "__main__":
    n = 10_000_000
    with Pool(2) as pool:
        for line in ("map, 10^7 squares", "map, 10^7 squares, again"):
            with timed(line):
                squares = pool.map(square, range(n))
                assert squares[n - 1] == (n - 1) ** 2

        rows = [(i, 2) for i in range(1_000_000)]
        with timed("starmap, 10^6 powers"):
            powers = pool.starmap(power, rows)
            assert powers[1000] == 1_000_000

        with timed("map, 10^6 squares, chunks of 1000"):
            squares = pool.map(square, range(1_000_000), chunksize=1000)
            assert squares[3] == 9
