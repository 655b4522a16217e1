"""Squares of ten million numbers, by multiprocessing.Pool."""
from multiprocessing import Pool

from timed import timed


def square(i):
    return i * i


def power(base, exponent):
    return base**exponent


def main():
    n = 10_000_000
    with Pool(2) as pool:

        def by_map():
            squares = pool.map(square, range(n))
            assert squares[n - 1] == (n - 1) ** 2

        timed("map, 10^7 squares", by_map)

        rows = [(i, 2) for i in range(1_000_000)]

        def by_starmap():
            powers = pool.starmap(power, rows)
            assert powers[1000] == 1_000_000

        timed("starmap, 10^6 powers", by_starmap)

        def in_chunks():
            squares = pool.map(square, range(1_000_000), chunksize=1000)
            assert squares[3] == 9

        timed("map, 10^6 squares, chunks of 1000", in_chunks)


if __name__ == "__main__":
    main()
