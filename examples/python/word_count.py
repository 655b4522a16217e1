"""The word count of the map-reduce tutorials, by multiprocessing.Pool."""
import functools
import re
import sys
from collections import Counter
from multiprocessing import Pool

from timed import timed


def count(line):
    return Counter(re.findall("[a-z]+", line.lower()))


def add(a, b):
    a.update(b)
    return a


def main():
    with open(sys.argv[1]) as text:
        lines = text.read().split("\n") * 200
    with Pool(2) as pool:

        def word_count():
            words = functools.reduce(add, pool.map(count, lines), Counter())
            assert words["the"] % 200 == 0 and words["the"] > 0

        timed("word count, 200 licences", word_count)


if __name__ == "__main__":
    main()
