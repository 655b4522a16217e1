"""How long a file takes to compile that makes one map."""

import os
import subprocess
import tempfile
import time

FILES = {
    "hetmap": "with_hetmap.cpp",
    "par_unseq": "with_execution.cpp",
    "serial": "with_loop.cpp",
}


def measure(bench, sources, repeats):
    """Adds the case `compile`, the files in turn; the first turn fills the disk's cache."""
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeats + 1):
            for contender, name in FILES.items():
                command = [bench.build["compiler"], "-std=c++20", "-O2", "-c",
                           "-I", bench.build["include"], os.path.join(sources, name),
                           "-o", os.path.join(folder, "out.o")]
                began = time.perf_counter_ns()
                subprocess.run(command, check=True)
                took = time.perf_counter_ns() - began
                if turn:
                    bench.add("compile", 1, contender, took, took, 0)
