/* The error function, the normal distribution, and exp(x) - 1, of float32, computed in double: their
   formulas, and those of the polynomials, are in kernels/gauss.py. Free of branches, as vector.h. */

/* 2^k, of k from -1022 to 1023 */
INLINE double
TARGET(wide_power_of_two)(int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(x) = 2^k (1 + the result), of x from -700 to 700, to 11 digits: what float32 has to spare */
INLINE double
TARGET(wide_parts)(double x, double *power)
{
    double shifted = x * 1.4426950408889634 + 6755399441055744.0; /* see exp_parts */
    double n = shifted - 6755399441055744.0;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    *power = TARGET(wide_power_of_two)(bits - 0x4338000000000000);
    double r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
    double q = 1.0 / 362880;
    q = q * r + 1.0 / 40320;
    q = q * r + 1.0 / 5040;
    q = q * r + 1.0 / 720;
    q = q * r + 1.0 / 120;
    q = q * r + 1.0 / 24;
    q = q * r + 1.0 / 6;
    q = q * r + 0.5;
    return r + r * r * q;
}

/* erfc of a number that is not negative, and exp(-size²) */
INLINE double
TARGET(tail_and_bell)(double size, double *bell)
{
    double z = size < 26.0 ? size : 26.0; /* beyond, and of nan, it counts as zero */
    double t = (z - 3.0) / (z + 3.0), power;
    double p = 3.891751557197811e-06;
    p = p * t + 7.720413938052222e-05;
    p = p * t - 0.00010422117710741312;
    p = p * t - 0.0007261608011693134;
    p = p * t + 0.0018882157008084247;
    p = p * t + 0.0024988226113873105;
    p = p * t - 0.023770388711381683;
    p = p * t + 0.06831669729438275;
    p = p * t - 0.1192736784315029;
    p = p * t + 0.1296440910249622;
    p = p * t - 0.04756229382771763;
    p = p * t - 0.13562106822069417;
    p = p * t + 1.2530080582697296;
    double more = TARGET(wide_parts)(-z * z, &power);
    *bell = power + power * more;
    return p / (2.0 * z + 1.0) * *bell;
}

INLINE double
TARGET(tail)(double size)
{
    double bell;
    return TARGET(tail_and_bell)(size, &bell);
}

INLINE float
TARGET(erfc_f)(float x)
{
    double beyond = TARGET(tail)(TARGET(absolute)(x));
    float result = (float)(x < 0 ? 2.0 - beyond : beyond);
    return x == x ? result : x;
}

INLINE float
TARGET(cdf_f)(float x)
{
    double beyond = 0.5 * TARGET(tail)(TARGET(absolute)(x) * 0.7071067811865476);
    float result = (float)(x > 0 ? 1.0 - beyond : beyond);
    return x == x ? result : x;
}

/* g (Φ(x) + x φ(x)), with the density φ */
INLINE float
TARGET(gelu_slope_f)(float g, float x)
{
    double bell, beyond = 0.5 * TARGET(tail_and_bell)(TARGET(absolute)(x) * 0.7071067811865476, &bell);
    double cdf = x > 0 ? 1.0 - beyond : beyond;
    double density = TARGET(absolute)(x) < 36.0f ? bell * 0.3989422804014327 : 0.0;
    float slope = (float)(cdf + x * density); /* of an infinite x it is nan, as PyTorch's is */
    return g * (x == x ? slope : x);
}

INLINE float
TARGET(erf_f)(float x)
{
    double size = TARGET(absolute)(x);
    double near = size < 0.5 ? size : 0.5, z = near * near;
    double q = -0.000753527573290562;
    q = q * z + 0.005190553707088521;
    q = q * z - 0.026861026490160183;
    q = q * z + 0.11283755702342588;
    q = q * z - 0.3761263798076739;
    q = q * z + 1.1283791670570986;
    float result = (float)(size > 0.5 ? 1.0 - TARGET(tail)(size) : near * q);
    result = TARGET(with_sign)(result, x);
    return x == x ? result : x;
}

INLINE float
TARGET(expm1_f)(float x)
{
    double power, more = TARGET(wide_parts)(TARGET(clamped)(x, -200.0f, 200.0f), &power);
    float result = (float)(power * more + (power - 1.0));
    result = TARGET(with_sign)(result, x);
    return x == x ? result : x;
}
