"""Writes math_avx512_tables.hpp: the tables and polynomials of the functions in math_avx512.cpp.

    python3 math_avx512_tables.py | clang-format-16 > math_avx512_tables.hpp        needs mpmath

Polynomials are least-squares fits at Chebyshev nodes, weighted for the relative error, which comes
within a few per cent of the smallest maximum. Points of tables are moved, by less than a thousandth
of an interval, to where the function's value is nearly a float, so that rounding it costs nothing.
"""

import struct

from mpmath import cos, erfc, exp, log, lu_solve, matrix, mp, mpf, pi

mp.prec = 200
ENTRIES = 16  # what one vector register holds


def single(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def neighbour(x, steps):
    (bits,) = struct.unpack("I", struct.pack("f", x))
    return struct.unpack("f", struct.pack("I", bits + steps))[0]


def nodes(low, high, count=40):
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle + half * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def fit(powers, target, weight, at):
    """Coefficients of x**powers that come near to target(x), its error multiplied by weight(x)."""
    rows = matrix([[weight(x) * x**p for p in powers] for x in at])
    wanted = matrix([weight(x) * target(x) for x in at])
    return [single(c) for c in lu_solve(rows, wanted)]


def point_near(middle, function):
    """A float near to `middle` whose value is nearly a float; that value."""

    def distance(x):
        value = function(mpf(x))
        return abs(value - single(value)) / abs(value)

    middle = single(middle)
    best = min((neighbour(middle, s) for s in range(-3000, 3001)), key=distance)
    return best, single(function(mpf(best)))


def show(name, values, comment):
    print(f"\n/// {comment}")
    if not isinstance(values, list):
        print(f"constexpr float {name} = {values.hex()}f;")
        return
    aligned = "alignas(64) " if len(values) == ENTRIES else ""
    print(f"{aligned}constexpr float {name}[{len(values)}] = {{")
    for value in values:
        print(f"    {value.hex()}f,")
    print("};")


def exponentials():
    show("exp2_of", [single(mpf(2) ** (mpf(i) / ENTRIES)) for i in range(ENTRIES)], "2^(i/16).")
    half = log(2) / (2 * ENTRIES)
    show("exp_terms", fit([0, 1], lambda r: (exp(r) - 1 - r) / r**2, lambda r: 1, nodes(-half, half)),
         "e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 32.")


def logarithms():
    inverses, logs = [], []
    for i in range(ENTRIES):
        low, high = 1 + mpf(i) / ENTRIES, 1 + mpf(i + 1) / ENTRIES
        if i >= ENTRIES / 2:  # m lies in [3/4, 3/2)
            low, high = low / 2, high / 2
        # On both sides of 1 the logarithm is that of m itself.
        at, value = (1.0, 0.0) if i in (0, ENTRIES - 1) else point_near(
            2 / (low + high), lambda c: -log(c))
        inverses.append(at)
        logs.append(value)
    show("log_inverse", inverses, "About 1 / m, by the four highest bits of m's fraction.")
    show("log_of", logs, "-ln(log_inverse).")
    show("log_terms", fit([0, 1, 2, 3], lambda r: (log(1 + r) - r) / r**2, lambda r: r,
                          nodes(mpf(-1) / 32, mpf(1) / 16)),
         "ln(1 + r) = r + r^2 (these), for -1/32 <= r <= 1/16.")


def scaled_erfc(x):
    return exp(x * x) * erfc(x)


def complementary_error_functions():
    last = mpf("10.1")  # erfc is below half the smallest float from 10.06 on
    scale = single((2**4 - 1) / last)
    show("erfcx_scale", scale, "1 + this times x lies in [1, 16) for all x of interest.")
    points, values = [None] * ENTRIES, [None] * ENTRIES
    degree = 6
    terms = [[None] * ENTRIES for _ in range(degree)]
    for i in range(ENTRIES):
        exponent, quarter = divmod(i, 4)
        low, high = (
            (mpf(2) ** exponent * (1 + mpf(q) / 4) - 1) / scale for q in (quarter, quarter + 1))
        at, value = (0.0, 1.0) if i == 0 else point_near((low + high) / 2, scaled_erfc)
        place = (127 + exponent) % 4 * 4 + quarter  # the lowest bits of the exponent come first
        points[place], values[place] = at, value
        fitted = fit(list(range(1, degree + 1)),
                     lambda d: scaled_erfc(at + d) - mpf(value),
                     lambda d: 1 / scaled_erfc(at + d),
                     nodes(low - mpf(at), high - mpf(at)))
        for t, term in enumerate(fitted):
            terms[t][place] = term
    show("erfcx_point", points, "Points c of intervals, by the bits 21 to 24 of 1 + erfcx_scale x.")
    show("erfcx_of", values, "e^(c^2) erfc(c).")
    for t, term in enumerate(terms):
        show(f"erfcx_term_{t + 1}", term,
             f"What (x - c)^{t + 1} is multiplied with." if t == 0 else f"(x - c)^{t + 1}.")


def main():
    print("""// Tables and polynomials of math_avx512.cpp, written by math_avx512_tables.py.
#pragma once

namespace hetmap::core {""")
    above = single(log(2))
    show("log2_e", single(1 / log(2)), "1 / ln(2).")
    show("ln2", above, "ln(2), and what is missing.")
    show("ln2_rest", single(log(2) - mpf(above)), "Negative.")
    below = neighbour(above, -1)
    show("ln2_below", below, "ln(2) rounded down, and what is missing.")
    show("ln2_rest_above", single(log(2) - mpf(below)), "Positive.")
    exponentials()
    logarithms()
    complementary_error_functions()
    print("\n}  // namespace hetmap::core")


main()
