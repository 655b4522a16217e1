// Polynomials of math_own.hpp, written by math_own_terms.py.
#pragma once

namespace hetmap::core {

/// 1 / ln(2).
constexpr double log2_e = 0x1.71547652b82fep+0;

/// ln(2): its products with 11-bit numbers are exact.
constexpr double ln2_1 = 0x1.62e42fefa3800p-1;

/// What is missing.
constexpr double ln2_2 = 0x1.ef35793c76730p-45;

/// e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 2. Error 2^-57.7.
constexpr double exp_terms[10] = {
    0x1.000000000000bp-1,  0x1.5555555555513p-3,  0x1.55555555500a1p-5,  0x1.1111111121b38p-7,
    0x1.6c16c1858534cp-10, 0x1.a01a014a2586cp-13, 0x1.a01996fabb6d3p-16, 0x1.71dedfd25527cp-19,
    0x1.28afe6535eee4p-22, 0x1.adeb8704ca2b7p-26,
};

/// e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 2. Error 2^-28.0.
constexpr double exp_terms_single[5] = {
    0x1.fffff85780585p-2, 0x1.55548e55aac79p-3,  0x1.555b58d78aa45p-5,
    0x1.123b9e36168d3p-7, 0x1.687bf6a172e25p-10,
};

/// The square root of 1/2.
constexpr double sqrt_half = 0x1.6a09e667f3bcdp-1;

/// ln((1 + s) / (1 - s)) = 2 s + s z (these), z = s^2 <= 0.0295. Error 2^-59.4.
constexpr double log_terms[7] = {
    0x1.5555555555594p-1, 0x1.999999997f6f5p-2, 0x1.249249423e2a7p-2, 0x1.c71c51d473cc4p-3,
    0x1.7466486191975p-3, 0x1.39a0e09950f99p-3, 0x1.2f0d2d34cc937p-3,
};

/// ln((1 + s) / (1 - s)) = 2 s + s z (these), z = s^2 <= 0.0295. Error 2^-30.2.
constexpr double log_terms_single[3] = {
    0x1.55557ad5b70f1p-1,
    0x1.995e36fc2bfa9p-2,
    0x1.31ee63e572404p-2,
};

/// 1/3.
constexpr double third_1 = 0x1.5555555555555p-2;

/// What is missing.
constexpr double third_2 = 0x1.5555555555555p-56;

/// atanh(s) = s + s z / 3 + s z^2 (these). Error 2^-66.2.
constexpr double pow_terms[7] = {
    0x1.9999999999b45p-3, 0x1.2492492455bf6p-3, 0x1.c71c722fee9f1p-4, 0x1.745ce91e43475p-4,
    0x1.3b1f0c1a55e38p-4, 0x1.0f7d3e84d2507p-4, 0x1.0e598c6bfe191p-4,
};

/// 2 / pi.
constexpr double two_over_pi = 0x1.45f306dc9c883p-1;

/// pi / 2.
constexpr double half_pi_1 = 0x1.921fb54442d18p+0;

/// What is missing.
constexpr double half_pi_2 = 0x1.1a62633145c07p-54;

/// What is missing.
constexpr double half_pi_3 = -0x1.f1976b7ed8fbcp-110;

/// sin(r) = r + r z (the first ones), cos(r) = 1 + z (the second ones), z = r^2, |r| <= pi / 4.
/// Errors 2^-68.7, 2^-64.1.
constexpr double sine_terms[7][2] = {
    {-0x1.5555555555555p-3, -0x1.0000000000000p-1},
    {0x1.111111111110bp-7, 0x1.555555555554bp-5},
    {-0x1.a01a01a018a9bp-13, -0x1.6c16c16c1508ep-10},
    {0x1.71de3a53348d3p-19, 0x1.a01a019c9d2afp-16},
    {-0x1.ae645292c311ep-26, -0x1.27e4f7fc96317p-22},
    {0x1.61208f9972bb4p-33, 0x1.1ee9e3a0c635cp-29},
    {-0x1.aaa3e33ea3499p-41, -0x1.8faaa6c362c37p-37},
};

}  // namespace hetmap::core
