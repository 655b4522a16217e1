"""numpy_agrees.py PROGRAM: arrays of random types and shapes that NumPy saves, PROGRAM copies and
NumPy loads again are equal. Exits with 77 where there is no NumPy."""
import os
import random
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    system = "/usr/bin/python3"  # another Python may come first in PATH
    if os.path.exists(system) and "NUMPY_AGREES_SYSTEM" not in os.environ:
        os.environ["NUMPY_AGREES_SYSTEM"] = "1"
        os.execv(system, [system] + sys.argv)
    print("skipped: no NumPy (python3-numpy)")
    sys.exit(77)

random.seed(20)
rng = np.random.default_rng(20)
types = "i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16".split()
with tempfile.TemporaryDirectory() as folder:
    a, b = os.path.join(folder, "a.npy"), os.path.join(folder, "b.npy")
    for k in range(60):
        dtype = np.dtype("<" + types[k % len(types)])
        shape = tuple(random.choice([0, 1, 2, 3, 5, 64, 65]) for _ in range(random.randrange(0, 4)))
        x = np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
        with open(a, "wb") as f:
            np.lib.format.write_array(f, x, version=random.choice([None, (1, 0), (2, 0), (3, 0)]))
        subprocess.run([sys.argv[1], a, b], check=True, timeout=60)
        y = np.load(b, mmap_mode="r" if x.size else None)
        assert y.dtype == x.dtype and y.shape == x.shape, (x.dtype, x.shape, y.dtype, y.shape)
        assert y.tobytes() == x.tobytes(), (x.dtype, x.shape)
print("60 arrays agree")
