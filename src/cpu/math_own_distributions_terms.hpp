// Polynomials of math_own_distributions.hpp, written by math_own_terms.py.
#pragma once

namespace hetmap::core {

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

/// 2^(i/16).
alignas(64) constexpr double exp2_above[16] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};

/// What is missing.
alignas(64) constexpr double exp2_rest[16] = {0x0.0p+0,
                                              0x1.8a62e4adc610bp-54,
                                              -0x1.19041b9d78a76p-55,
                                              0x1.9b07eb6c70573p-54,
                                              0x1.6f46ad23182e4p-55,
                                              0x1.ada0911f09ebcp-55,
                                              0x1.d4397afec42e2p-56,
                                              0x1.6324c054647adp-54,
                                              -0x1.bdd3413b26456p-54,
                                              -0x1.41577ee04992fp-55,
                                              0x1.6e9f156864b27p-54,
                                              0x1.c7c46b071f2bep-56,
                                              0x1.7a1cd345dcc81p-54,
                                              0x1.11065895048ddp-55,
                                              0x1.2ed02d75b3707p-55,
                                              -0x1.e9c23179c2893p-54};

/// e^r = 1 + r + r^2 (these), for |r| <= ln(2) / 32. Error 2^-56.2.
constexpr double exp_terms_small[5] = {
    0x1.0000000000004p-1, 0x1.555555548b8b3p-3,  0x1.555555547d216p-5,
    0x1.11123d013d4a5p-7, 0x1.6c18430e8bd09p-10,
};

/// Bits 50 to 53 of 1 + this times a tell the interval.
constexpr double erfc_growth = 0x1.1921921921921p-1;

/// A point c of each interval.
alignas(64) constexpr double erfc_point[16] = {0x1.2364ee693e000p+1,
                                               0x1.97f3b42c95000p+1,
                                               0x1.06413cf821400p+2,
                                               0x1.40889fd9eb000p+2,
                                               0x1.97f3b42c76800p+2,
                                               0x1.06413cf80c600p+3,
                                               0x1.40889fd9c5800p+3,
                                               0x1.7ad002bb93000p+3,
                                               0x1.d23b170e2f600p+3,
                                               0x1.2364ee68dc400p+4,
                                               0x1.5dac514aa4200p+4,
                                               0x1.97f3b42c72900p+4,
                                               0x0.0p+0,
                                               0x1.5dac514b94000p-1,
                                               0x1.2364ee6957000p+0,
                                               0x1.97f3b42c9d000p+0};

/// e^(c^2) erfc(c).
alignas(64) constexpr double erfc_at_point[16] = {
    0x1.d481beee2418bp-3, 0x1.5ad6d01ae5a8bp-3, 0x1.123c6ebcb2a00p-3, 0x1.c4b7fcbd63cf5p-4,
    0x1.663be80a1eeebp-4, 0x1.17ebf3713b115p-4, 0x1.cb26129613152p-5, 0x1.850ca0dab8637p-5,
    0x1.3c7b04e763651p-5, 0x1.facb59a543a1dp-6, 0x1.a6859f12de31ap-6, 0x1.6a4306ed87891p-6,
    0x1.0000000000000p+0, 0x1.10bc57dc1a8e6p-1, 0x1.91fc4e82e2652p-2, 0x1.3a487a49c8e12p-2};

/// At c + d it is that + d (these), in d. Error 2^-57.7.
alignas(64) constexpr double erfc_around[14][16] = {
    {-0x1.6395b7fe897aep-4, -0x1.905372a95a8bep-5, -0x1.fb6e41bd37f72p-6, -0x1.5c6a35b59136bp-6,
     -0x1.b72948a8d7c49p-7, -0x1.0d5225782c594p-7, -0x1.6b23efd067205p-8, -0x1.05130dc249c44p-8,
     -0x1.59ee40686f704p-9, -0x1.bbe7739e09872p-10, -0x1.34b07281fea6cp-10, -0x1.c5f5bc5be4ff5p-11,
     -0x1.20dd750429b6cp+0, -0x1.9a6522343d60ep-2, -0x1.e0aa7f739b768p-3, -0x1.3399fe7cd75acp-3},
    {0x1.fe12e92476789p-6, 0x1.bddedfa28d25cp-7, 0x1.ca4b65960cdb9p-8, 0x1.079479f589cffp-8,
     0x1.0a31c4a891790p-9, 0x1.014fc62132598p-10, 0x1.1dd63e7bf9410p-11, 0x1.5d2e229c559d0p-12,
     0x1.793fc020846cdp-13, 0x1.843d6873a3ba3p-14, 0x1.c294c9c31a9edp-15, 0x1.1c37a390f2120p-15,
     0x1.ffffffffffe47p-1, 0x1.0930a0c4875ecp-2, 0x1.00d94be746245p-3, 0x1.14c49aa149a71p-4},
    {-0x1.5c323c26148dep-7, -0x1.e0b09238c1a7ap-9, -0x1.94ade51fce2aap-10, -0x1.8854265afec37p-11,
     -0x1.3f3ab37edd8c9p-12, -0x1.e84f62f568ea1p-14, -0x1.bfdc78574135bp-15, -0x1.d16bbbcd8a3f3p-16,
     -0x1.9a75ce4195edap-17, -0x1.530d8e721d4e0p-18, -0x1.4881f0aa22c17p-19, -0x1.639df4f7b8e98p-20,
     -0x1.812746b030461p-1, -0x1.31b5a5913dd0ap-3, -0x1.f625f03b9e6bfp-5, -0x1.d06a849ab35e2p-6},
    {0x1.c6f21b7f52d54p-9, 0x1.f6edb388d4de7p-11, 0x1.5dd2647aa323fp-12, 0x1.1f731255cd0b2p-13,
     0x1.7ad508d55b15fp-15, 0x1.cc3b90eb6baedp-17, 0x1.5d3c388110b63p-18, 0x1.3520ad5737660p-19,
     0x1.bd942bf1e8669p-21, 0x1.27a93d660ef6cp-22, 0x1.de850c919bf35p-24, 0x1.bc9d73b78a160p-25,
     0x1.fffffffe01ed4p-2, 0x1.41980c9d91a78p-4, 0x1.c7d2151195baap-6, 0x1.6efef5bb809b4p-7},
    {-0x1.1daca140a263fp-10, -0x1.ffc7e15649da3p-13, -0x1.2862b6c2b4598p-14, -0x1.9ef1f0d7ac3e8p-16,
     -0x1.bd00f4973e5cap-18, -0x1.aee9fdae6cce0p-20, -0x1.0f14c3d7b6330p-21, -0x1.9942cd08e3f3fp-23,
     -0x1.e29bd9262ac11p-25, -0x1.0171addcff874p-26, -0x1.5c28bd7bf04d6p-28, -0x1.15bb6f314f547p-29,
     -0x1.341f6b96ef8d6p-2, -0x1.396d8850affd8p-5, -0x1.845d165c2155ap-7, -0x1.133374fb1094cp-8},
    {0x1.5a10a743511e1p-12, 0x1.fb7922655da3bp-15, 0x1.ecbe3da927aacp-17, 0x1.2736bfeb80598p-18,
     0x1.02ca3e86c331bp-20, 0x1.90db456d94542p-23, 0x1.a2ee91243d8c5p-25, 0x1.0e03c62cc1431p-26,
     0x1.04c56fe38e0eap-28, 0x1.bfadbcaf25f7dp-31, 0x1.fa1ae14c904d1p-33, 0x1.5ab65e382458bp-34,
     0x1.555550ff1a836p-3, 0x1.1e164cd634352p-6, 0x1.390e27ca39ecfp-8, 0x1.89ec2bee8021ep-10},
    {-0x1.9592064a8ad41p-14, -0x1.eb2275e76f9a4p-17, -0x1.923c27bf92ef3p-19, -0x1.9e48b24f31e4ap-21,
     -0x1.2a1bf522773d6p-23, -0x1.7287d0e25462bp-26, -0x1.42446c0852d43p-28, -0x1.631e5932878f3p-30,
     -0x1.192e0ff8115cdp-32, -0x1.84ad0027f1079p-35, -0x1.6f7a021148f4ep-37, -0x1.b07f9032c2805p-39,
     -0x1.602398d00f635p-4, -0x1.ed1c17233220cp-8, -0x1.e071e5001968ap-10, -0x1.0e527c5b5a028p-11},
    {0x1.ccf8d0be182c0p-16, 0x1.d095dcfd87b78p-19, 0x1.42b8b4ec9abf6p-21, 0x1.1ed621d11309dp-23,
     0x1.5431e16b23f73p-26, 0x1.545d8bb4a056cp-29, 0x1.eda191b7164e9p-32, 0x1.d1861432f75a7p-34,
     0x1.2e8399648b299p-36, 0x1.50f5d5d84ea8fp-39, 0x1.0a8c702c25a5dp-41, 0x1.0d8d7325abb78p-43,
     0x1.55513f40f3a68p-5, 0x1.93c9cadb52291p-9, 0x1.60acdc001b005p-11, 0x1.6511df285440ap-13},
    {-0x1.fd39594001034p-18, -0x1.ae16792d93056p-21, -0x1.fd5bf77bb9fc3p-24, -0x1.881c48c855a55p-26,
     -0x1.80b1d0b888648p-29, -0x1.36be7387ae6fbp-32, -0x1.786a4ce5848e7p-35, -0x1.30244875208e2p-37,
     -0x1.44c14763c1a23p-40, -0x1.23b4ab8fba0e9p-43, -0x1.824a012ec977fp-46, -0x1.4fbd7e75f3154p-48,
     -0x1.38dcf74651179p-6, -0x1.3bc1842d02487p-10, -0x1.f14af494b0b7bp-13, -0x1.c75b422fa9889p-15},
    {0x1.11dbb3f586e6cp-19, 0x1.8615cd5137779p-23, 0x1.8ba0d93428cedp-26, 0x1.08af9a2e8e191p-28,
     0x1.af24af6780aacp-32, 0x1.19fbcc76a8690p-35, 0x1.1dcac306134dbp-38, 0x1.8c18770765d65p-41,
     0x1.5bdcaabef73c1p-44, 0x1.f85a74fdcef2bp-48, 0x1.179e0399b3dcbp-50, 0x1.a187c5553f80ap-53,
     0x1.10097b8582c90p-7, 0x1.d98c040c12309p-12, 0x1.51de0bf30c0f9p-14, 0x1.190d274ab2efcp-16},
    {-0x1.1efff553b8a1cp-21, -0x1.5ace79a7d2226p-25, -0x1.2e978676ce53fp-28, -0x1.61088430180dcp-31,
     -0x1.de596d19c6c62p-35, -0x1.fc76d9843eff9p-39, -0x1.b006a47968e31p-42, -0x1.011f9eab8e5eep-44,
     -0x1.735556fab0b82p-48, -0x1.b31c9cba0cbbbp-52, -0x1.945114b70cb61p-55, -0x1.03cf6dddfce4cp-57,
     -0x1.bd16a98cb7193p-9, -0x1.559d3768ed3e3p-13, -0x1.bb96143e2b9e5p-16, -0x1.5092d48b5eb62p-18},
    {0x1.261f0dcbbd3ebp-23, 0x1.2ecb6d1b09a11p-27, 0x1.ca2157f9837f2p-31, 0x1.d3aa0fc8a8e20p-34,
     0x1.078e86b3266b8p-37, 0x1.c8f3aef285cc4p-42, 0x1.461929d4df1afp-45, 0x1.5164c30e8429cp-48,
     0x1.8c1ef2b9c920dp-52, 0x1.75dfe5b61d32ap-56, 0x1.25084d1ba4a02p-59, 0x1.65900a18a9440p-62,
     0x1.4802ad173f3bbp-10, 0x1.db73d348d4282p-15, 0x1.1986049da06f8p-17, 0x1.88dab91717752p-20},
    {-0x1.34aa551d42aa2p-25, -0x1.0ce4bd22f7b53p-29, -0x1.5c2115369f1e8p-33, -0x1.3597164b43ae2p-36,
     -0x1.311de5c9c8666p-40, -0x1.a6b2793df236bp-45, -0x1.f542cf7865925p-49, -0x1.b629aa44e0234p-52,
     -0x1.bdd5a3c084d14p-56, -0x1.4ed59323368aep-60, -0x1.b081692ac8355p-64, -0x1.989ae9a6e715ap-67,
     -0x1.7f53ef475d039p-12, -0x1.470d2a7c79829p-16, -0x1.626072c05fddbp-19,
     -0x1.c2c193a02e705p-22},
    {0x1.2c8087a77d566p-27, 0x1.c64701bc4bffcp-32, 0x1.b12f81f4dadfbp-36, 0x1.34ca837a3b42ep-39,
     0x1.48fc09bd018cbp-43, 0x1.63923d4231378p-48, 0x1.53e057afe1acbp-52, 0x1.7137c062284d6p-57,
     0x1.d78a026863eb8p-60, 0x1.38225dd79b2bdp-64, 0x1.10dd3e04cc19cp-68, -0x1.25823c29e8ecap-69,
     0x1.fdcab183e55eep-15, 0x1.b6b12526f5d74p-18, 0x1.da3d7ed914f97p-21, 0x1.9f2ffa182320bp-24},
};

/// Bits 50 to 53 of 1 + this times a tell the interval.
constexpr double cdfnorm_growth = 0x1.8da984609050ap-2;

/// A point c of each interval.
alignas(64) constexpr double cdfnorm_point[16] = {0x1.9c020ca383000p+1,
                                                  0x1.2067d5a599000p+2,
                                                  0x1.72cea4f973c00p+2,
                                                  0x1.c535744d32c00p+2,
                                                  0x1.2067d5a58d800p+3,
                                                  0x1.72cea4f960800p+3,
                                                  0x1.c535744d3d600p+3,
                                                  0x1.0bce21d091700p+4,
                                                  0x1.499b3d4f6c700p+4,
                                                  0x1.9c020ca346800p+4,
                                                  0x1.ee68dbf71f000p+4,
                                                  0x1.2067d5a57ec80p+5,
                                                  0x0.0p+0,
                                                  0x1.ee68dbf844000p-1,
                                                  0x1.9c020ca3c9000p+0,
                                                  0x1.2067d5a5cc000p+1};

/// e^(c^2 / 2) cdfnorm(-c).
alignas(64) constexpr double cdfnorm_at_point[16] = {
    0x1.d4974d07e2170p-4, 0x1.5ae7ccdb142f6p-4, 0x1.124a4657c63d3p-4, 0x1.c4cf386b52fc2p-5,
    0x1.664e8abc9aab3p-5, 0x1.17faa50cd7636p-5, 0x1.cb3e49b038f75p-6, 0x1.852133ee467a6p-6,
    0x1.3c8bcbb00681dp-6, 0x1.fae64292c651ep-7, 0x1.a69c13b77d93fp-7, 0x1.6a564a6b224ebp-7,
    0x1.0000000000000p-1, 0x1.10c3ce4f775afp-2, 0x1.920adfeda0d3ap-3, 0x1.3a5587a6ef772p-3};

/// At c + d it is that + d (these), in d. Error 2^-57.7.
alignas(64) constexpr double cdfnorm_around[14][16] = {
    {-0x1.f70b3186c90bcp-6, -0x1.1b2d8001c5cc3p-6, -0x1.66f2215e1d6b1p-7, -0x1.eced60efa2221p-8,
     -0x1.36a8a20cd9ddap-8, -0x1.7d08494ad8abbp-9, -0x1.00e26369d1a4cp-9, -0x1.715df5a668baap-10,
     -0x1.e96c086563fffp-11, -0x1.3a0483b325126p-11, -0x1.b4bbcdee935f5p-12, -0x1.4121a30adc3a0p-12,
     -0x1.9884533d4364fp-2, -0x1.223f1471568e4p-3, -0x1.53f7dc513a07fp-4, -0x1.b324df1922d18p-5},
    {0x1.fe523dba86d05p-8, 0x1.be1c1368bdfdcp-9, 0x1.ca8da4dcb0b26p-10, 0x1.07bbb9caab557p-10,
     0x1.0a5a6a37a55f3p-11, 0x1.0177be8177ec4p-12, 0x1.1e030cd3570dep-13, 0x1.5d652a003ecbep-14,
     0x1.797b7b0a3ae81p-15, 0x1.847b14f1bb897p-16, 0x1.c2dc7eb298879p-17, 0x1.1c64eb759e862p-17,
     0x1.ffffffffffe48p-3, 0x1.09414e62b4d43p-4, 0x1.00f0208faf8d4p-5, 0x1.14e22aa8ab015p-6},
    {-0x1.ecba84fd923fcp-10, -0x1.5422831529c15p-11, -0x1.1e5cc53030be7p-12, -0x1.15a14fea15ff3p-13,
     -0x1.c3d050ac41157p-15, -0x1.59909cd16ec05p-16, -0x1.3cf16d638823dp-17, -0x1.495f188d4f251p-18,
     -0x1.227a5e11ecf9bp-19, -0x1.dfe3b3b2bc998p-21, -0x1.d0f6ef76bf485p-22, -0x1.f755dff4b5fdfp-23,
     -0x1.1058377e27bf7p-3, -0x1.b077c409f3954p-6, -0x1.63399ce46b008p-7, -0x1.4890581741c95p-8},
    {0x1.c748b748ebd0ep-12, 0x1.f75a518ba7b60p-14, 0x1.5e23455f2f0b1p-15, 0x1.1fb8452e0960fp-16,
     0x1.7b337cc88993fp-18, 0x1.ccb129991739dp-20, 0x1.5d96a39c4b654p-21, 0x1.3571576043ba9p-22,
     0x1.be093e7a53311p-24, 0x1.27f74dea5e2f8p-25, 0x1.df03bc572cf2dp-27, 0x1.bd135afdde865p-28,
     0x1.fffffffe02fc7p-5, 0x1.41b48ca23d019p-7, 0x1.c80cf1c1f0dedp-9, 0x1.6f395bddaa51ap-10},
    {-0x1.945a2ff2185eep-14, -0x1.6a3d9cd59d854p-16, -0x1.a39926fb273d2p-18, -0x1.25bca38718b9ep-19,
     -0x1.3b07816da0ce2p-21, -0x1.31109a7e6cba4p-23, -0x1.7fd46cfcde003p-25, -0x1.21be77fab03cep-26,
     -0x1.55ace2a729726p-28, -0x1.6c87e76e94a0cp-30, -0x1.ecfb5a7d7874cp-32, -0x1.8942b084d1834p-33,
     -0x1.b3c0588fab9b6p-6, -0x1.bb6d2799b858ap-9, -0x1.12c59659533b2p-10, -0x1.857856da961abp-12},
    {0x1.5a66bbaa7c8d9p-16, 0x1.fc0b155e34b6dp-19, 0x1.ed57eeb0af180p-21, 0x1.27977d5317ac8p-22,
     0x1.0322d8120bd7ap-24, 0x1.9168dce3c942bp-27, 0x1.a38515924c3bfp-29, 0x1.0e65c88ee1bb1p-30,
     0x1.0524f305f2d7ep-32, 0x1.c052c57c5492ap-35, 0x1.fad61ec4f6873p-37, 0x1.5b36eb34bb92cp-38,
     0x1.55555100f2573p-7, 0x1.1e35b036bf4d3p-10, 0x1.3941219f12957p-12, 0x1.8a3c7cc923ef3p-14},
    {-0x1.1f1727c26e533p-18, -0x1.5bb86ff51dd5cp-21, -0x1.1ccff74a75bcdp-23, -0x1.255dac440854dp-25,
     -0x1.a63a7dcb847c7p-28, -0x1.066a4eeffcbcap-30, -0x1.c87b8c96d8d11p-33, -0x1.f70652c82b58ap-35,
     -0x1.8e4c1bf50d2bbp-37, -0x1.13497777b22a4p-39, -0x1.0446228d25875p-41, -0x1.32540eb2386dbp-43,
     -0x1.f1fff46fa8f23p-9, -0x1.5cd7f019c5fd1p-12, -0x1.53f64c238f669p-14, -0x1.7ea0d48f3a30fp-16},
    {0x1.cd83c9935ca6fp-21, 0x1.d13a373baea3cp-24, 0x1.4335d8d44bcc8p-26, 0x1.1f4bd0d58e670p-28,
     0x1.54c4e79819d52p-31, 0x1.54f6387b5502ep-34, 0x1.ee8399b3f46f8p-37, 0x1.d25e0da2de926p-39,
     0x1.2f1174cc7df04p-41, 0x1.519523211d2a3p-44, 0x1.0b0b0d1c6005bp-46, 0x1.0e0d7e47a6356p-48,
     0x1.5551408ede89cp-10, 0x1.93fd7bc4994d4p-14, 0x1.60f0b6ddd1a92p-16, 0x1.6568cd16b2f1fp-18},
    {-0x1.6888d711f6004p-23, -0x1.309352fc702dap-26, -0x1.68c49d1bbb87ap-29, -0x1.15c07b9e2c0d4p-31,
     -0x1.1086a1da9a92ep-34, -0x1.b84f1766d183fp-38, -0x1.0ab1508ae2c21p-40, -0x1.aefc03cf55f4fp-43,
     -0x1.cc34aa33cc0d3p-46, -0x1.9d6124411fe48p-49, -0x1.11b5c2f430979p-51, -0x1.dbc9f0ffce738p-54,
     -0x1.ba749d8bf786bp-12, -0x1.bec8c170453c9p-16, -0x1.5fec0a56d70bcp-18,
     -0x1.4250b0675790bp-20},
    {0x1.123b83099fd86p-25, 0x1.86b70e2b794e0p-29, 0x1.8c5517fca9206p-32, 0x1.093cccd27a737p-34,
     0x1.b0045c8ac26a0p-38, 0x1.1a971d3eacb33p-41, 0x1.1e6e6c5fdff0ap-44, 0x1.8ce64113f3b58p-47,
     0x1.5ca35af958e93p-50, 0x1.f978c02df712fp-54, 0x1.1834952fe14a5p-56, 0x1.a2eded8a70d4ep-59,
     0x1.1009b432785e0p-13, 0x1.d9cf1de40be50p-18, 0x1.5225815648e14p-20, 0x1.1965d99b5fc1dp-22},
    {-0x1.96786ab0c96fcp-28, -0x1.eb4fa1bcd5d13p-32, -0x1.acc15f20335a7p-35, -0x1.f44b5362f9315p-38,
     -0x1.52fc6de219ea6p-41, -0x1.685d343fe44bep-45, -0x1.32354b23a2810p-48, -0x1.6c7f6dc37197ap-51,
     -0x1.0735ac911e859p-54, -0x1.346cc893f8993p-58, -0x1.1e99a2f3995dep-61, -0x1.70562f7c1d672p-64,
     -0x1.3abad013be695p-15, -0x1.e366f4acf3a0bp-20, -0x1.39f24418e4e9fp-22,
     -0x1.dc89d3c4d2bc1p-25},
    {0x1.26945ba737adfp-30, 0x1.2f84fee8d675ep-34, 0x1.cbb1431be0059p-38, 0x1.cb5f1e959cd12p-41,
     0x1.083095c182ab5p-44, 0x1.c91306f85dd19p-49, 0x1.44e910bf4144ap-52, 0x1.593cd6c168213p-55,
     0x1.8d219e737e4f1p-59, 0x1.77bbf4dcbdc9cp-63, 0x1.2a661b5d65d97p-66, 0x1.381184d1dd94ap-69,
     0x1.4806cec921ff5p-17, 0x1.dc40f0e4de607p-22, 0x1.1acdc6543d774p-24, 0x1.8134f34c2eb61p-27},
    {-0x1.b539448404560p-33, -0x1.7d03e3d08d9a2p-37, -0x1.ed67cd5e73ad5p-41, -0x1.b6da69a61635ep-44,
     -0x1.b0958d4170298p-48, -0x1.2baec1f750aa0p-52, -0x1.6369076af4dc0p-56, -0x1.36b053f13705ep-59,
     -0x1.3c24251e6a97bp-63, -0x1.dae0dbb2ea24fp-68, -0x1.32b4f91efbd4cp-71, -0x1.21c0e65243b66p-74,
     -0x1.0f163cbc0a9a4p-19, -0x1.ced1a6b7ce495p-24, -0x1.f5a9b8eab58b4p-27,
     -0x1.3f2296afb1931p-29},
    {0x1.2cec6054f0c90p-35, 0x1.c06ede3da6b00p-40, 0x1.98bd02d7b99aep-44, 0x1.5ac6b27adecb3p-46,
     0x1.499e8d8b1741fp-51, 0x1.7951c91f0a7c1p-56, 0x1.a7e787c04a6d1p-60, -0x1.8506ad41937a6p-64,
     0x1.d98ed9931130dp-68, 0x1.273950c288da1p-72, 0x1.53c35ad3763c3p-78, 0x1.6f8ec3736657bp-78,
     0x1.fde9be5a6cc7fp-23, 0x1.a23155d95852cp-26, 0x1.875f437b65d93p-29, 0x1.0f3db278961f4p-30},
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
