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

/// Near to where what follows is level at 0.
constexpr double cdfnorm_slope = 0x1.9800000000000p-1;

/// From here on the tail is nothing.
constexpr double cdfnorm_last = 0x1.34ccccccccccdp+5;

/// t = (x - this) / (x + this).
constexpr double cdfnorm_middle = 0x1.6a00000000000p+2;

/// e^(x^2 / 2) cdfnorm(-x) (1 + slope x), in t. Error 2^-60.0.
constexpr double cdfnorm_terms[24] = {
    0x1.8257de91306bep-2,   -0x1.88c0aa08ad406p-4,  0x1.aa8c32845c096p-5,   -0x1.10f1ab7149713p-6,
    -0x1.335dc73458062p-8,  0x1.9e157dca2880dp-7,   -0x1.847e3b301db71p-7,  0x1.f664cd1ec5e46p-8,
    -0x1.e1b201f311bb6p-9,  0x1.45895332a7593p-10,  -0x1.c86373a43c224p-13, -0x1.477ccad7b09c6p-15,
    0x1.3a878f7053711p-15,  -0x1.e775027d25312p-18, -0x1.52ed67fb99741p-19, 0x1.975e71df3aa6dp-20,
    0x1.7b2d53dcf3724p-26,  -0x1.c66bc011a1cf4p-23, 0x1.c6e0512388120p-26,  0x1.dca64a6c47eddp-26,
    -0x1.825c97906e6eap-28, -0x1.edfaca9774cb1p-29, 0x1.4300690298912p-31,  0x1.766c7f81b27f9p-32,
};

/// From here on the tail is nothing.
constexpr double cdfnorm_last_single = 0x1.c99999999999ap+3;

/// t = (x - this) / (x + this).
constexpr double cdfnorm_middle_single = 0x1.1000000000000p+2;

/// e^(x^2 / 2) cdfnorm(-x) (1 + slope x), in t. Error 2^-31.1.
constexpr double cdfnorm_terms_single[12] = {
    0x1.9166ed5d46f3ap-2,  -0x1.bfdfc5a28782ap-4,  0x1.4a38c9fbab779p-5,   0x1.dbb7346789d42p-9,
    -0x1.2573131b8bb2bp-6, 0x1.c933ce7c5b4b1p-7,   -0x1.7daf93347eb0cp-8,  0x1.d7bdedfaac054p-11,
    0x1.ac2b6265cdfa8p-12, -0x1.ac8d1cbf5a643p-13, -0x1.081a0839f371ep-15, 0x1.bc316543fc7edp-17,
};

/// The middle's end, squared.
constexpr double inverse_edge = 0x1.2000000000000p-1;

/// Where the tail's variable is 0.
constexpr double erfinv_tail = 0x1.2000000000000p+0;

/// Where the far tail begins.
constexpr double erfinv_far = 0x1.4000000000000p+2;

/// erfinv(y) = 1.0 y + y (these) / (those), in inverse_edge - y^2. Error 2^-58.3.
constexpr double erfinv_above[8] = {
    0x1.5a5b5f9cc7c0bp-4,  -0x1.ecef1349bac61p-10, -0x1.a57c395ce0c59p+0, -0x1.1180ad2ab2de4p+2,
    -0x1.037f5e04a6ca9p+2, -0x1.7fcee5afce48cp+0,  -0x1.519d6cab547f6p-3, -0x1.3e74faf0f47bfp-11,
};

/// Those.
constexpr double erfinv_below[7] = {
    0x1.0000000000000p+0, 0x1.a865943b790fcp+2, 0x1.0b4b0d2c99329p+4, 0x1.3f4b9ced8a57dp+4,
    0x1.6fb885a9c6430p+3, 0x1.6dc33bb7a5006p+1, 0x1.bdd6a13e02cd0p-3,
};

/// erfinv(y) = r + (these) / (those), in r - 1.125, 1 - y = e^-r^2. Error 2^-55.4.
constexpr double erfinv_tail_above[9] = {
    -0x1.751cc896c901dp-2, -0x1.0b571a2a27c79p+0,  -0x1.3b2dae5752669p+0,
    -0x1.857cb98e6c36ep-1, -0x1.03e4153b736b5p-2,  -0x1.5eb5a8280f248p-5,
    -0x1.8fbb6ca6aaf78p-9, -0x1.073a1b7b2e35fp-14, -0x1.10a79a9c827cep-24,
};

/// Those.
constexpr double erfinv_tail_below[9] = {
    0x1.0000000000000p+0, 0x1.6ff0bd3be7ca9p+1,  0x1.d0aa6c4bb9d98p+1,
    0x1.455c3348f6035p+1, 0x1.0ad4bf5d3115cp+0,  0x1.f3656d20009b8p-3,
    0x1.e4bc32d89aa46p-6, 0x1.90181e65bf73ep-10, 0x1.6d7243183fb03p-16,
};

/// erfinv(y) = r + (these) / (those), in r - 5.0, 1 - y = e^-r^2. Error 2^-58.6.
constexpr double erfinv_far_above[9] = {
    -0x1.c3d1df0960bfbp-3,  -0x1.2345de54e301dp-3,  -0x1.21dd70e28c5a6p-5,
    -0x1.18ab4f6bffd64p-8,  -0x1.133cebb26ce0cp-12, -0x1.04543939c9a7ap-17,
    -0x1.9b8756f65a209p-24, -0x1.7f872b111fc49p-32, -0x1.f43c3a96905c9p-45,
};

/// Those.
constexpr double erfinv_far_below[9] = {
    0x1.0000000000000p+0,  0x1.833555b8b1ce5p-1,  0x1.d953b08921039p-3,
    0x1.2ac7051efcde9p-5,  0x1.9df4e3b956ff0p-9,  0x1.35e216e7380b9p-13,
    0x1.cf86fad0eb843p-19, 0x1.242c0e7978829p-25, 0x1.9f8e7a3ab9b09p-34,
};

/// erfinv(y) = 1.0 y + y (these) / (those), in inverse_edge - y^2. Error 2^-32.5.
constexpr double erfinv_above_single[5] = {
    0x1.5a5b5f90be536p-4,  -0x1.113c38515dc1cp-2, -0x1.017d7a7f67a51p+0,
    -0x1.0daaed4e8b240p-1, -0x1.57cd598527e30p-7,
};

/// Those.
constexpr double erfinv_below_single[4] = {
    0x1.0000000000000p+0,
    0x1.bfbb492694adcp+1,
    0x1.b79bb01501c8ep+1,
    0x1.b59d1c00bd9bfp-1,
};

/// erfinv(y) = r + (these) / (those), in r - 1.125, 1 - y = e^-r^2. Error 2^-29.7.
constexpr double erfinv_tail_above_single[6] = {
    -0x1.751cc9a159c09p-2, -0x1.0ffab331a4b87p-1, -0x1.a6bdb4348998ap-3,
    -0x1.0a8b5c883fc6bp-6, 0x1.e07f618e2359dp-14, 0x1.863a750eec91fp-20,
};

/// Those.
constexpr double erfinv_tail_below_single[6] = {
    0x1.0000000000000p+0, 0x1.7764542444a54p+0, 0x1.9c974078556a5p-1,
    0x1.3e287dee37fdfp-3, 0x1.a773ead5782d0p-8, -0x1.7c8d623916ce2p-14,
};

/// Part of that in the middle.
constexpr double cdfnorminv_slope = 0x1.6000000000000p+0;

/// Where the tail's variable is 0.
constexpr double cdfnorminv_tail = 0x1.a000000000000p+0;

/// Where the far tail begins.
constexpr double cdfnorminv_far = 0x1.c000000000000p+2;

/// cdfnorminv((1 + y) / 2) = 1.375 y + y (these) / (those), in inverse_edge - y^2. Error 2^-58.3.
constexpr double cdfnorminv_above[8] = {
    0x1.45388052039a4p-3,  0x1.078cf820ba10dp-2,  -0x1.ac5daa415aba3p+0, -0x1.50b553e799832p+2,
    -0x1.522548a5d3802p+2, -0x1.010ceedc011b1p+1, -0x1.cbfa09f3a8edfp-3, -0x1.c25dbb93f5e94p-11,
};

/// Those.
constexpr double cdfnorminv_below[7] = {
    0x1.0000000000000p+0, 0x1.a865943b790fcp+2, 0x1.0b4b0d2c99329p+4, 0x1.3f4b9ced8a57dp+4,
    0x1.6fb885a9c6430p+3, 0x1.6dc33bb7a5006p+1, 0x1.bdd6a13e02cd0p-3,
};

/// cdfnorminv((1 + y) / 2) = r + (these) / (those), in r - 1.625, 1 - y = e^-(r^2 / 2). Error
/// 2^-55.5.
constexpr double cdfnorminv_tail_above[9] = {
    -0x1.07be244aaf89fp-1,  -0x1.0722f0a118de5p+0,  -0x1.afcecf8bab94bp-1,
    -0x1.730965976d455p-2,  -0x1.582bf6ce4b328p-4,  -0x1.4323c91898e4fp-7,
    -0x1.011bfa3b26132p-11, -0x1.da6210465a5b7p-18, -0x1.586718750fb55p-28,
};

/// Those.
constexpr double cdfnorminv_tail_below[9] = {
    0x1.0000000000000p+0, 0x1.0121d65b445ccp+1,  0x1.c50d9de95600dp+0,
    0x1.ba0e01009647ap-1, 0x1.f8c77db158a24p-3,  0x1.48d3a7e620d5ap-5,
    0x1.bcfe1714abffbp-9, 0x1.00c8c85a66f81p-13, 0x1.48de338c51e50p-20,
};

/// cdfnorminv((1 + y) / 2) = r + (these) / (those), in r - 7.0, 1 - y = e^-(r^2 / 2). Error
/// 2^-58.4.
constexpr double cdfnorminv_far_above[9] = {
    -0x1.4149a5410c5c0p-2,  -0x1.27de90606a627p-3,  -0x1.a47bd3faf0dc4p-6,
    -0x1.229598f418613p-9,  -0x1.967b65a751df9p-14, -0x1.11f7a6d4efe1bp-19,
    -0x1.344f7a92e48b2p-26, -0x1.98aedb5e2ed4cp-35, -0x1.7ad8f11c1dce9p-48,
};

/// Those.
constexpr double cdfnorminv_far_below[9] = {
    0x1.0000000000000p+0,  0x1.146c3a2c18e53p-1,  0x1.e2628b7d5baebp-4,
    0x1.b2959dab28e93p-7,  0x1.ad8067161f5cep-11, 0x1.ca6a08a2258f3p-16,
    0x1.e870b13acf90bp-22, 0x1.b63445accf6a3p-29, 0x1.bb1b0f00c0fc5p-38,
};

/// cdfnorminv((1 + y) / 2) = 1.375 y + y (these) / (those), in inverse_edge - y^2. Error 2^-32.5.
constexpr double cdfnorminv_above_single[5] = {
    0x1.4538804980b46p-3,  -0x1.ebe95ac5c6728p-3, -0x1.49ab3a5bf757ap+0,
    -0x1.6c3511cd9cc96p-1, -0x1.e635ac3c89778p-7,
};

/// Those.
constexpr double cdfnorminv_below_single[4] = {
    0x1.0000000000000p+0,
    0x1.bfbb492694adcp+1,
    0x1.b79bb01501c8ep+1,
    0x1.b59d1c00bd9bfp-1,
};

/// cdfnorminv((1 + y) / 2) = r + (these) / (those), in r - 1.625, 1 - y = e^-(r^2 / 2). Error
/// 2^-29.7.
constexpr double cdfnorminv_tail_above_single[6] = {
    -0x1.07be2495b7909p-1, -0x1.0b89198bb5964p-1, -0x1.2251a4c449d30p-3,
    -0x1.01700b6e7d1f1p-7, 0x1.456a5ec81dc99p-15, 0x1.780a4f51409e8p-22,
};

/// Those.
constexpr double cdfnorminv_tail_below_single[6] = {
    0x1.0000000000000p+0, 0x1.071f740a23d68p+0,  0x1.93f9a31ab8d9cp-2,
    0x1.b459b6219a2e6p-5, 0x1.98e6a11dc05acp-10, -0x1.02873de042ea2p-16,
};

}  // namespace hetmap::core
