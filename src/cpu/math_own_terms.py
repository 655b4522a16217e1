"""Writes math_own_terms.hpp and math_own_distributions_terms.hpp: the polynomials of the functions in
math_own.hpp and math_own_distributions.hpp.

    for of in math_own math_own_distributions; do                           needs mpmath
      python3 math_own_terms.py $of | clang-format-16 > ${of}_terms.hpp
    done

Polynomials and quotients of them are least-squares fits at Chebyshev nodes, weighted for the relative
error, which comes within a factor of two of the smallest maximum. The error of each fit, in
parts of the value and before its terms are rounded, is in the comment above it.
"""

import sys

from mpmath import (atanh, cos, erfc, erfinv, exp, expm1, log, lu_solve, matrix, mp, mpf, nstr, pi,
                    sin, sqrt)

mp.prec = 260


def nodes(low, high, count):
    middle, half = (mpf(low) + high) / 2, (mpf(high) - low) / 2
    return [middle + half * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def value(terms, x):
    result = mpf(0)
    for term in reversed(terms):
        result = result * x + term
    return result


def fit(above, below, target, weight, low, high):
    """p and q of degrees `above` and `below`, q(0) = 1, so that p / q comes near to the target."""
    at = nodes(low, high, 60)
    wanted = [target(x) for x in at]
    weights = [weight(x) for x in at]
    p, q = [], [mpf(1)]
    # What is linear in the terms is p - target q; its weight makes it the error of p / q.
    for _ in range(10 if below else 1):
        rows, right = [], []
        for x, f, w in zip(at, wanted, weights):
            w = w / value(q, x)
            rows.append([w * x**i for i in range(above + 1)] +
                        [-w * f * x**i for i in range(1, below + 1)])
            right.append(w * f)
        solution = list(lu_solve(matrix(rows), matrix(right)))
        p, q = solution[:above + 1], [mpf(1)] + solution[above + 1:]
    error = max(abs(weight(x) * (value(p, x) / value(q, x) - target(x)))
                for x in nodes(low, high, 97))
    return p, q, error


def number(x):
    return float(x).hex()


def show(name, terms, comment, error=None):
    if error is not None:
        comment += f" Error 2^{nstr(log(error, 2), 3)}."
    print(f"\n/// {comment}")
    if not isinstance(terms, list):
        print(f"constexpr double {name} = {number(terms)};")
        return
    print(f"constexpr double {name}[{len(terms)}] = {{")
    for term in terms:
        print(f"    {number(term)},")
    print("};")


def rounded(x, bits):
    mp.prec, before = bits, mp.prec
    result = +mpf(x)
    mp.prec = before
    return result


def parts(name, x, bits, comment):
    """x as a sum of numbers that have so many bits."""
    for i, count in enumerate(bits):
        part = rounded(x, count)
        show(f"{name}_{i + 1}", part, comment if i == 0 else "What is missing.")
        x -= part


def exponentials():
    show("log2_e", 1 / log(2), "1 / ln(2).")
    parts("ln2", log(2), (42, 53), "ln(2): its products with 11-bit numbers are exact.")
    half = log(2) / 2 * mpf("1.0001")

    def target(r):
        return (expm1(r) - r) / r**2

    for name, degree in (("exp_terms", 9), ("exp_terms_single", 4)):
        p, _, error = fit(degree, 0, target, lambda r: r**2 / exp(r), -half, half)
        show(name, p, "e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 2.", error)


def logarithms():
    show("sqrt_half", sqrt(mpf(1) / 2), "The square root of 1/2.")
    s = (sqrt(2) - 1) / (sqrt(2) + 1)

    def target(z):
        return (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z

    for name, degree in (("log_terms", 6), ("log_terms_single", 2)):
        p, _, error = fit(degree, 0, target, lambda z: z / 2, mpf(10)**-20, s**2)
        show(name, p, "ln((1 + s) / (1 - s)) = 2 s + s z (these), z = s^2 <= 0.0295.", error)


def powers():
    s = (sqrt(2) - 1) / (sqrt(2) + 1)
    parts("third", mpf(1) / 3, (53, 53), "1/3.")

    def target(z):
        return (atanh(sqrt(z)) / sqrt(z) - 1 - z / 3) / z**2

    p, _, error = fit(6, 0, target, lambda z: z**2, mpf(10)**-18, s**2)
    show("pow_terms", p, "atanh(s) = s + s z / 3 + s z^2 (these).", error)


def angles():
    show("two_over_pi", 2 / pi, "2 / pi.")
    parts("half_pi", pi / 2, (53, 53, 53), "pi / 2.")
    most = (pi / 4 * mpf("1.0001"))**2
    sines, _, error = fit(6, 0, lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, mpf(10)**-18,
                          most)
    cosines, _, other = fit(5, 0, lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2,
                            mpf(10)**-14, most)
    print(f"""
/// sin(r) = r + r z (the first ones), cos(r) = 1 + z (the second ones), z = r^2, |r| <= pi / 4.
/// Errors 2^{nstr(log(error, 2), 3)}, 2^{nstr(log(other, 2), 3)}.
constexpr double sine_terms[7][2] = {{""")
    for sine, cosine in zip(sines, [mpf(-1) / 2] + cosines):
        print(f"    {{{number(sine)}, {number(cosine)}}},")
    print("};")


def tails(name, of, last, middle, slope, degree, what):
    """of(a) (1 + slope a) for a <= last as a polynomial in t = (a - middle) / (a + middle)."""
    p, _, error = fit(degree, 0, lambda t: of(middle * (1 + t) / (1 - t)) *
                      (1 + slope * middle * (1 + t) / (1 - t)),
                      lambda t: 1 / (of(middle * (1 + t) / (1 - t)) *
                                     (1 + slope * middle * (1 + t) / (1 - t))),
                      -1, (last - middle) / (last + middle))
    show(name, p, what, error)


def distributions():
    slope = 0.796875

    def of(x):
        return exp(x * x / 2) * erfc(x / sqrt(2)) / 2

    show("cdfnorm_slope", mpf(slope), "Near to where what follows is level at 0.")
    for kind, last, middle, degree in (("", 38.6, 5.65625, 23), ("_single", 14.3, 4.25, 11)):
        show(f"cdfnorm_last{kind}", mpf(last), "From here on the tail is nothing.")
        show(f"cdfnorm_middle{kind}", mpf(middle), "t = (x - this) / (x + this).")
        tails(f"cdfnorm_terms{kind}", of, mpf(last), mpf(middle), mpf(slope), degree,
              "e^(x^2 / 2) cdfnorm(-x) (1 + slope x), in t.")


def show_table(name, row, comment):
    print(f"\n/// {comment}\nalignas(64) constexpr double {name}[16] = {{")
    print(",".join(number(x) for x in row) + "};")


def tables():
    """Exponentials and tails by tables of sixteen entries, which two vectors of eight hold."""
    powers = [mpf(2)**(mpf(i) / 16) for i in range(16)]
    show_table("exp2_above", [rounded(x, 53) for x in powers], "2^(i/16).")
    show_table("exp2_rest", [x - rounded(x, 53) for x in powers], "What is missing.")
    small = log(2) / 32 * mpf("1.0001")
    p, _, error = fit(4, 0, lambda r: (expm1(r) - r) / r**2, lambda r: r**2, -small, small)
    show("exp_terms_small", p, "e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 32.", error)
    for name, scale, half, last in (("erfc", mpf(1), mpf(1), 27.3), ("cdfnorm", sqrt(2), mpf(1) / 2, 38.6)):
        def of(a, scale=scale, half=half):
            x = a / scale
            return half * exp(x * x) * erfc(x)

        # Intervals grow like a number's own: four to a power of two of 1 + growth a.
        growth = rounded(mpf("14.99") / mpf(last), 53)
        degree = 14
        points, values, terms, worst = [0.0] * 16, [0.0] * 16, [[0.0] * 16 for _ in range(degree)], mpf(0)
        for i in range(16):
            exponent, quarter = divmod(i, 4)
            low, high = ((mpf(2)**exponent * (1 + mpf(q) / 4) - 1) / growth for q in (quarter, quarter + 1))
            place = (1023 + exponent) % 4 * 4 + quarter  # the lowest bits of the exponent come first
            # Near to the middle, where the value is nearly a double; at 0 where it is one.
            candidates = [mpf(0)] if i == 0 else [
                rounded((low + high) / 2, 40) + k * mpf(2)**-40 for k in range(200)]
            at = min(candidates, key=lambda c: abs(of(c) / mpf(float(of(c))) - 1))
            value_at = mpf(float(of(at)))
            p, _, error = fit(degree - 1, 0, lambda d: (of(at + d) - value_at) / d, lambda d: d / of(at + d),
                              low - at, high - at)
            worst = max(worst, error)
            points[place], values[place] = at, value_at
            for row, term in zip(terms, p):
                row[place] = term
        last_of = "" if name == "erfc" else " / 2"
        sign = "" if name == "erfc" else "-"
        show(f"{name}_growth", growth, "Bits 50 to 53 of 1 + this times a tell the interval.")
        show_table(f"{name}_point", points, "A point c of each interval.")
        show_table(f"{name}_at_point", values, f"e^(c^2{last_of}) {name}({sign}c).")
        print(f"""
/// At c + d it is that + d (these), in d. Error 2^{nstr(log(worst, 2), 3)}.
alignas(64) constexpr double {name}_around[{degree}][16] = {{""")
        for row in terms:
            print("{" + ",".join(number(x) for x in row) + "},")
        print("};")


def inverse_of_tail(r):
    """Where erfc is e^-r^2."""
    wanted = exp(-r * r)
    x = r * mpf("0.8") if r < 2 else sqrt(r * r - log(r * sqrt(pi)))
    for _ in range(12):
        step = (erfc(x) - wanted) / (2 / sqrt(pi) * exp(-x * x))
        x += step / (1 - step * x)
    return x


def inverses():
    # In variables that are 0 at the end of a range and positive in it, so that nothing cancels; the
    # larger part of the result is no part of the fits, so that it is not rounded with them.
    edge = mpf("0.75")
    show("inverse_edge", edge**2, "The middle's end, squared.")
    for name, scale, slope in (("erfinv", mpf(1), mpf(1)), ("cdfnorminv", sqrt(2), mpf("1.375"))):
        tail_begin, far_begin = (mpf(x) for x in (("1.125", "5") if scale == 1 else ("1.625", "7")))
        near = sqrt(-log(1 - edge)) * scale * mpf("0.9999")
        result = "erfinv(y)" if scale == 1 else "cdfnorminv((1 + y) / 2)"
        if scale != 1:
            show(f"{name}_slope", slope, "Part of that in the middle.")
        show(f"{name}_tail", tail_begin, "Where the tail's variable is 0.")
        show(f"{name}_far", far_begin, "Where the far tail begins.")
        for kind, middle, tail, far in (("", (7, 6), (8, 8), (8, 8)), ("_single", (4, 3), (5, 5), None)):
            def f(w):
                y = sqrt(edge**2 - w)
                return scale * erfinv(y) / y

            p, q, error = fit(*middle, lambda w: f(w) - slope, lambda w: 1 / f(w), 0,
                              edge**2 - mpf(10)**-15)
            show(f"{name}_above{kind}", p,
                 f"{result} = {nstr(slope, 4)} y + y (these) / (those), in inverse_edge - y^2.", error)
            show(f"{name}_below{kind}", q, "Those.")

            def z(r):
                return scale * inverse_of_tail(r / scale)

            for part, degrees, begin, low, high in (
                    ("tail", tail, tail_begin, near, far_begin if far else mpf("10.3") * scale),
                    ("far", far, far_begin, far_begin * mpf("0.9999"), mpf("27.35") * scale)):
                if degrees is None:
                    continue
                p, q, error = fit(*degrees, lambda r: z(r + begin) - r - begin, lambda r: 1 / z(r + begin),
                                  low - begin, high - begin)
                square = "r^2" if scale == 1 else "(r^2 / 2)"
                show(f"{name}_{part}_above{kind}", p,
                     f"{result} = r + (these) / (those), in r - {nstr(begin, 4)}, 1 - y = e^-{square}.", error)
                show(f"{name}_{part}_below{kind}", q, "Those.")


PARTS = {"math_own": (exponentials, logarithms, powers, angles),
         "math_own_distributions": (distributions, tables, inverses)}


def main(header):
    print(f"""// Polynomials of {header}.hpp, written by math_own_terms.py.
#pragma once

namespace hetmap::core {{""")
    for part in PARTS[header]:
        part()
    print("\n}  // namespace hetmap::core")


main(sys.argv[1])
