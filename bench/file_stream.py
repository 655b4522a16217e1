#!/usr/bin/env python3
"""A .npy file through hetmap-stream, against dd with a flush at its end.

    bench/file_stream.py HETMAP_STREAM [--bytes N] [--max-bytes N] [--rounds N] [--folder DIR]

The file is four times --max-bytes unless told otherwise, and out of the system's cache whenever a
turn begins. Prints the medians of the turns, hetmap-stream's largest resident memory and the bound
that it stated (of what the stream holds, beside the program itself).
"""

import argparse
import os
import re
import statistics
import struct
import subprocess
import tempfile
import time


def write_npy(path, elements):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({elements},), }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    block = struct.pack("<16384f", *(i / 16384 for i in range(16384)))
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        for done in range(0, elements, 16384):
            file.write(block[: 4 * min(16384, elements - done)])
        file.flush()
        os.fsync(file.fileno())


def forget(path):
    """Takes a file out of the system's cache."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def largest_resident(pid):
    """In KiB, so far; 0 for a process that has ended. What wait4 reports counts this program too."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            found = re.search(r"^VmHWM:\s*(\d+) kB", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return int(found.group(1)) if found else 0


def run(source, target, command):
    """Seconds, what was said, and the largest resident memory in KiB."""
    if os.path.exists(target):
        os.remove(target)
    forget(source)
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=said)
        resident = 0
        while child.poll() is None:
            resident = max(resident, largest_resident(child.pid))
            time.sleep(0.001)
        took = time.perf_counter() - began
        said.seek(0)
        text = said.read()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: status {child.returncode}\n{text}")
    return took, text, resident


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--max-bytes", type=int, default=256 << 20)
    parser.add_argument("--bytes", type=int, help="of the file (default: 4 * max-bytes)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the files go (default: the temporary one)")
    asked = parser.parse_args()
    size = asked.bytes or 4 * asked.max_bytes
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        source = os.path.join(folder, "in.npy")
        ours, theirs = os.path.join(folder, "out.npy"), os.path.join(folder, "copy")
        stream = [asked.program, "--kernel", "square", "--max-bytes", str(asked.max_bytes),
                  "--explain", source, ours]
        copy = ["dd", f"if={source}", f"of={theirs}", "bs=4M", "conv=fsync"]
        write_npy(source, 1)
        alone = max(run(source, ours, stream)[2] for _ in range(20))
        write_npy(source, size // 4)
        times = {"hetmap-stream": [], "dd": []}
        resident = 0
        for _ in range(asked.rounds):
            took, said, used = run(source, ours, stream)
            times["hetmap-stream"].append(took)
            resident = max(resident, used)
            times["dd"].append(run(source, theirs, copy)[0])
            os.remove(theirs)
    medians = {name: statistics.median(t) for name, t in times.items()}
    for name, t in medians.items():
        print(f"{name:14} {t:.3f} s, {size / t / 1e6:.0f} MB/s")
    print(f"of dd's throughput: {medians['dd'] / medians['hetmap-stream']:.2f}")
    bound = re.search(r"at most (\d+) bytes", said)
    print(f"resident at most: {resident} KiB, {resident - alone} of them more than for a file of one "
          f"number; stated: {int(bound.group(1)) // 1024} KiB, --max-bytes: {asked.max_bytes // 1024}")


if __name__ == "__main__":
    main()
