// The functions of hetmap::math that the core defines with a vector form, as lists to expand.
#pragma once

/// One argument: every such function of glibc's libmvec.
#define HETMAP_MATH_UNARY(X) \
  X(acos)                    \
  X(acosh)                   \
  X(asin)                    \
  X(asinh)                   \
  X(atan)                    \
  X(atanh)                   \
  X(cbrt)                    \
  X(cos)                     \
  X(cosh)                    \
  X(erf)                     \
  X(erfc)                    \
  X(exp)                     \
  X(exp10)                   \
  X(exp2)                    \
  X(expm1)                   \
  X(log)                     \
  X(log10)                   \
  X(log1p)                   \
  X(log2)                    \
  X(sin)                     \
  X(sinh)                    \
  X(tan)                     \
  X(tanh)

/// Two arguments.
#define HETMAP_MATH_BINARY(X) \
  X(atan2)                    \
  X(hypot)                    \
  X(pow)

/// One argument: for pricing and statistics, in neither <cmath> nor libmvec.
#define HETMAP_MATH_STATISTICS(X) \
  X(cdfnorm)                      \
  X(cdfnorminv)                   \
  X(erfcinv)                      \
  X(erfinv)
