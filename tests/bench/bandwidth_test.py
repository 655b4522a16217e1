"""bandwidth_test.py PROGRAM CONTENDER: the arrays come out right, the columns are those that people know."""

import subprocess
import sys

program, contender = sys.argv[1:]


def run(*words):
    return subprocess.run([program, "--contender", contender, "--numtimes", "3", *words],
                          capture_output=True, text=True, check=False)


for words in ((), ("--float",), ("--memory", "std_vector"), ("--float", "--memory", "std_vector_odd")):
    done = run("--arraysize", "65543", *words)
    assert done.returncode == 0, (words, done.stderr)
    rows = [line.split() for line in done.stdout.splitlines()]
    head = next(k for k, row in enumerate(rows) if row[:1] == ["Function"])
    assert rows[head] == ["Function", "MBytes/sec", "Min", "(sec)", "Max", "Average"], rows[head]
    assert [row[0] for row in rows[head + 1:]] == ["Copy", "Mul", "Add", "Triad", "Dot", "Nstream"], rows
    for _, rate, least, most, average in rows[head + 1:]:
        assert float(rate) > 0 and float(least) <= float(average) <= float(most)

for words in (("--arraysize", "0"), ("--numtimes", "1"), ("--memory", "none"), ("--no-such-option",)):
    assert run(*words).returncode == 2, words
