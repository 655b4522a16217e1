// Tables and polynomials of math_avx512.cpp, written by math_avx512_tables.py.
#pragma once

namespace hetmap::core {

/// 1 / ln(2).
constexpr float log2_e = 0x1.7154760000000p+0f;

/// ln(2), and what is missing.
constexpr float ln2 = 0x1.62e4300000000p-1f;

/// Negative.
constexpr float ln2_rest = -0x1.05c6100000000p-29f;

/// ln(2) rounded down, and what is missing.
constexpr float ln2_below = 0x1.62e42e0000000p-1f;

/// Positive.
constexpr float ln2_rest_above = 0x1.efa39e0000000p-25f;

/// 2^(i/16).
alignas(64) constexpr float exp2_of[16] = {
    0x1.0000000000000p+0f, 0x1.0b55860000000p+0f, 0x1.172b840000000p+0f, 0x1.2387a60000000p+0f,
    0x1.306fe00000000p+0f, 0x1.3dea640000000p+0f, 0x1.4bfdae0000000p+0f, 0x1.5ab07e0000000p+0f,
    0x1.6a09e60000000p+0f, 0x1.7a11480000000p+0f, 0x1.8ace540000000p+0f, 0x1.9c49180000000p+0f,
    0x1.ae89fa0000000p+0f, 0x1.c199be0000000p+0f, 0x1.d5818e0000000p+0f, 0x1.ea4afa0000000p+0f,
};

/// e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 32.
constexpr float exp_terms[2] = {
    0x1.0001480000000p-1f,
    0x1.5556de0000000p-3f,
};

/// About 1 / m, by the four highest bits of m's fraction.
alignas(64) constexpr float log_inverse[16] = {
    0x1.0000000000000p+0f, 0x1.d40f4e0000000p-1f, 0x1.badefe0000000p-1f, 0x1.a42db00000000p-1f,
    0x1.8f97080000000p-1f, 0x1.7cf1b60000000p-1f, 0x1.6c13800000000p-1f, 0x1.5caeb80000000p-1f,
    0x1.4e5f7e0000000p+0f, 0x1.41525a0000000p+0f, 0x1.3524960000000p+0f, 0x1.29e3680000000p+0f,
    0x1.1f81ee0000000p+0f, 0x1.159aae0000000p+0f, 0x1.0cadcc0000000p+0f, 0x1.0000000000000p+0f,
};

/// -ln(log_inverse).
alignas(64) constexpr float log_of[16] = {
    0x0.0p+0f,
    0x1.6f87400000000p-4f,
    0x1.290dda0000000p-3f,
    0x1.94c6f20000000p-3f,
    0x1.fbab7e0000000p-3f,
    0x1.2ec4940000000p-2f,
    0x1.5d25040000000p-2f,
    0x1.8961fe0000000p-2f,
    -0x1.117d5a0000000p-2f,
    -0x1.d1707a0000000p-3f,
    -0x1.824e780000000p-3f,
    -0x1.365b360000000p-3f,
    -0x1.db6dee0000000p-4f,
    -0x1.4bda8e0000000p-4f,
    -0x1.8bff520000000p-5f,
    0x0.0p+0f,
};

/// ln(1 + r) = r + r^2 (these), for -1/32 <= r <= 1/16.
constexpr float log_terms[4] = {
    -0x1.0000000000000p-1f,
    0x1.5558500000000p-2f,
    -0x1.000d980000000p-2f,
    0x1.81a2240000000p-3f,
};

/// 1 + this times x lies in [1, 16) for all x of interest.
constexpr float erfcx_scale = 0x1.7c32b20000000p+0f;

/// Points c of intervals, by the bits 21 to 24 of 1 + erfcx_scale x.
alignas(64) constexpr float erfcx_point[16] = {
    0x1.aee19c0000000p-1f,
    0x1.2d9c6a0000000p+0f,
    0x1.83dfac0000000p+0f,
    0x1.da01220000000p+0f,
    0x1.2d9cae0000000p+1f,
    0x1.83d0100000000p+1f,
    0x1.d9f3d80000000p+1f,
    0x1.1818900000000p+2f,
    0x1.58cb900000000p+2f,
    0x1.aee7620000000p+2f,
    0x1.0279a20000000p+3f,
    0x1.2db3d60000000p+3f,
    0x0.0p+0f,
    0x1.0294740000000p-2f,
    0x1.af04f80000000p-2f,
    0x1.2d91320000000p-1f,
};

/// e^(c^2) erfc(c).
alignas(64) constexpr float erfcx_of[16] = {
    0x1.e67ccc0000000p-2f, 0x1.8898400000000p-2f, 0x1.46c9300000000p-2f, 0x1.16c1000000000p-2f,
    0x1.c6b5b60000000p-3f, 0x1.6b4e5a0000000p-3f, 0x1.2dbc7e0000000p-3f, 0x1.019a400000000p-3f,
    0x1.a5e9020000000p-4f, 0x1.5390060000000p-4f, 0x1.1bf4780000000p-4f, 0x1.e780980000000p-5f,
    0x1.0000000000000p+0f, 0x1.8975ec0000000p-1f, 0x1.5133ac0000000p-1f, 0x1.2540ae0000000p-1f,
};

/// What (x - c)^1 is multiplied with.
alignas(64) constexpr float erfcx_term_1[16] = {
    -0x1.50a37a0000000p-2f, -0x1.ccc01e0000000p-3f, -0x1.4a6d060000000p-3f, -0x1.ecc2a20000000p-4f,
    -0x1.5007be0000000p-4f, -0x1.b5c31c0000000p-5f, -0x1.31a3cc0000000p-5f, -0x1.c101ea0000000p-6f,
    -0x1.2f4a4e0000000p-6f, -0x1.8b05c20000000p-7f, -0x1.1514ec0000000p-7f, -0x1.9920700000000p-8f,
    -0x1.20dd740000000p+0f, -0x1.7b04680000000p-1f, -0x1.25dca60000000p-1f, -0x1.d08f160000000p-2f,
};

/// (x - c)^2.
alignas(64) constexpr float erfcx_term_2[16] = {
    0x1.965e540000000p-3f, 0x1.e4b2320000000p-4f,  0x1.31ddb80000000p-4f,  0x1.9542e40000000p-5f,
    0x1.d677b80000000p-6f, 0x1.fb97d00000000p-7f,  0x1.2cf1c40000000p-7f,  0x1.7ef5380000000p-8f,
    0x1.ad80d60000000p-9f, 0x1.c6eb2c0000000p-10f, 0x1.0c6f240000000p-10f, 0x1.5583160000000p-11f,
    0x1.ffffce0000000p-1f, 0x1.29c05c0000000p-1f,  0x1.ab05420000000p-2f,  0x1.38e1820000000p-2f,
};

/// (x - c)^3.
alignas(64) constexpr float erfcx_term_3[16] = {
    -0x1.b9b58a0000000p-4f,  -0x1.d341040000000p-5f,  -0x1.073a920000000p-5f,
    -0x1.3986b60000000p-6f,  -0x1.3a04f40000000p-7f,  -0x1.1c2f4e0000000p-8f,
    -0x1.209f040000000p-9f,  -0x1.4008ce0000000p-10f, -0x1.2bb3c80000000p-11f,
    -0x1.035ed60000000p-12f, -0x1.0238100000000p-13f, -0x1.1b90000000000p-14f,
    -0x1.811fc20000000p-1f,  -0x1.951aa80000000p-2f,  -0x1.0ffcf60000000p-2f,
    -0x1.75b2240000000p-3f,
};

/// (x - c)^4.
alignas(64) constexpr float erfcx_term_4[16] = {
    0x1.b8ff4e0000000p-5f,  0x1.a2e0960000000p-6f,  0x1.a9cd440000000p-7f,  0x1.cbfe640000000p-8f,
    0x1.91d6cc0000000p-9f,  0x1.343cac0000000p-10f, 0x1.0e1a9e0000000p-11f, 0x1.06598c0000000p-12f,
    0x1.9c8eaa0000000p-14f, 0x1.24f9940000000p-15f, 0x1.ed646e0000000p-17f, 0x1.d474880000000p-18f,
    0x1.fef59c0000000p-2f,  0x1.ed34be0000000p-3f,  0x1.3887720000000p-3f,  0x1.95a2c60000000p-4f,
};

/// (x - c)^5.
alignas(64) constexpr float erfcx_term_5[16] = {
    -0x1.9d89e40000000p-6f,  -0x1.63796c0000000p-7f,  -0x1.484d0e0000000p-8f,
    -0x1.43a6b80000000p-9f,  -0x1.f758080000000p-11f, -0x1.48c3360000000p-12f,
    -0x1.f2dc6c0000000p-14f, -0x1.a98ec80000000p-15f, -0x1.1e73080000000p-16f,
    -0x1.4ce0c20000000p-18f, -0x1.d956d00000000p-20f, -0x1.842c9e0000000p-21f,
    -0x1.2aa8c80000000p-2f,  -0x1.131cea0000000p-3f,  -0x1.4ade700000000p-4f,
    -0x1.97d10e0000000p-5f,
};

/// (x - c)^6.
alignas(64) constexpr float erfcx_term_6[16] = {
    0x1.68171a0000000p-7f,  0x1.1aa7920000000p-8f,  0x1.de27220000000p-10f, 0x1.b1bd6a0000000p-11f,
    0x1.29fd220000000p-12f, 0x1.4fed880000000p-14f, 0x1.bd181a0000000p-16f, 0x1.5023de0000000p-17f,
    0x1.7f23140000000p-19f, 0x1.704e860000000p-21f, 0x1.bcc54c0000000p-23f, 0x1.3d77860000000p-24f,
    0x1.fbec980000000p-4f,  0x1.1b19a00000000p-4f,  0x1.46cd4a0000000p-5f,  0x1.83d1ce0000000p-6f,
};

}  // namespace hetmap::core
