# Makes the .npy files beside it with NumPy; run once, the files are committed.
import io
import numpy as np
from numpy.lib import format as npy

for name in "i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16".split():
    np.save(f"{name}.npy", (np.arange(6) * 3 + 1).astype("<" + name).reshape(2, 3))
for version in (1, 2, 3):
    with open(f"version_{version}.npy", "wb") as f:
        npy.write_array(f, np.arange(5, dtype="<f8"), version=(version, 0))
np.save("empty.npy", np.zeros((0, 4)))
np.save("scalar.npy", np.float64(7))
np.save("fortran.npy", np.asfortranarray(np.ones((2, 3))))
np.save("big_endian.npy", np.arange(3, dtype=">f8"))
np.save("bool.npy", np.array([True]))
np.save("half.npy", np.ones(3, dtype="<f2"))
np.save("text.npy", np.array(["abc"]))
np.save("records.npy", np.zeros(2, dtype=[("a", "<i4"), ("b", "<f8")]))
np.save("objects.npy", np.array([None, 1], dtype=object), allow_pickle=True)
