/* exp, tanh and the logistic function of float32, and their slopes, free of branches: what
   compilers turn into vectors. kernels.c includes this once for each kind of processor; TARGET
   gives the functions their names. -ffast-math is not to be used: nan, infinities, signs of zero
   and subnormal numbers come out right. */

/* 2^k, of k from -126 to 127 */
INLINE float
TARGET(power_of_two)(int32_t k)
{
    uint32_t bits = (uint32_t)(k + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(x) = (p + rest) · 2^k, of x from -110 to 89; p from 0.7 to 1.42, rest: what rounding took */
INLINE float
TARGET(exp_parts)(float x, int32_t *k, float *rest)
{
    /* x / ln 2, rounded to a whole number by adding what leaves no room for digits after the point;
       the number then stands in the last bits of the sum */
    float shifted = x * 1.44269504088896341f + 12582912.0f;
    float n = shifted - 12582912.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    *k = (int32_t)(bits - 0x4B400000u);
    /* ln 2 in two parts, of which the first has so few digits that its products are exact */
    float whole = x - n * 0.693145751953125f;
    float r = whole - n * 1.42860682030941723212e-6f;
    float lost = (whole - r) - n * 1.42860682030941723212e-6f;
    /* exp(r) = 1 + r + r² q(r), |r| up to ln 2 / 2: the polynomial of Cephes' expf */
    float q = 1.9875691500e-4f;
    q = q * r + 1.3981999507e-3f;
    q = q * r + 8.3334519073e-3f;
    q = q * r + 4.1665795894e-2f;
    q = q * r + 1.6666665459e-1f;
    q = q * r + 5.0000001201e-1f;
    float first = 1.0f + r;
    float more = ((1.0f - first) + r) + (r * r * q + lost);
    float p = first + more;
    *rest = (first - p) + more;
    return p;
}

/* p · 2^k in two steps: what is subnormal is rounded once, and what is too large overflows */
INLINE float
TARGET(scaled)(float p, int32_t k)
{
    int32_t half = k >> 1;
    return p * TARGET(power_of_two)(half) * TARGET(power_of_two)(k - half);
}

INLINE float
TARGET(clamped)(float x, float least, float most)
{
    float low = x < least ? least : x; /* nan stays */
    return low > most ? most : low;
}

INLINE float
TARGET(exp_f)(float x)
{
    int32_t k;
    float rest, p = TARGET(exp_parts)(TARGET(clamped)(x, -104.0f, 89.0f), &k, &rest);
    float power = TARGET(scaled)(p, k);
    return x == x ? power : x;
}

INLINE float
TARGET(absolute)(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0x7FFFFFFFu;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE float
TARGET(with_sign)(float x, float signed_as)
{
    uint32_t bits, sign;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&sign, &signed_as, sizeof sign);
    bits |= sign & 0x80000000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Up to 0.625 by an odd polynomial, of Cephes' tanhf; from there on 1 - 2 / (exp(2 |x|) + 1). */
INLINE float
TARGET(tanh_f)(float x)
{
    float a = TARGET(absolute)(x);
    float z = a * a;
    float q = -5.70498872745e-3f;
    q = q * z + 2.06390887954e-2f;
    q = q * z - 5.37397155531e-2f;
    q = q * z + 1.33314422036e-1f;
    q = q * z - 3.33332819422e-1f;
    float near = a + a * z * q;
    int32_t k;
    float doubled = a + a;
    float rest, p = TARGET(exp_parts)(doubled > 40.0f ? 40.0f : doubled, &k, &rest);
    float far = 1.0f - 2.0f / (p * TARGET(power_of_two)(k) + 1.0f);
    float result = a < 0.625f ? near : far;
    result = TARGET(with_sign)(result, x);
    return x == x ? result : x;
}

/* t · 2^more with t = exp(minus_x) up to 1, and what the functions below make of it: 1 + t, by
   which share t has to be larger than it is, and by which 1 + t. */
INLINE float
TARGET(decay)(float minus_x, int32_t more, float *above, float *off, float *above_off)
{
    int32_t k;
    float rest, p = TARGET(exp_parts)(minus_x < -110.0f ? -110.0f : minus_x, &k, &rest);
    float t = TARGET(scaled)(p, k < -100 ? -100 : k);
    float sum = 1.0f + t;
    /* one over p, and over 1 + t, to within a tenth: that is enough for corrections */
    *off = rest * (2.05f - p);
    *above_off = (((1.0f - sum) + t) + t * *off) * (1.457f - 0.5f * sum);
    *above = sum;
    return TARGET(scaled)(p, k + more);
}

INLINE float
TARGET(sigmoid_f)(float x)
{
    float above, off, above_off;
    float small = TARGET(decay)(-TARGET(absolute)(x), 0, &above, &off, &above_off);
    float result = (x < 0 ? small : 1.0f) / above;
    result += result * ((x < 0 ? off : 0.0f) - above_off);
    return x == x ? result : x;
}

/* g σ(x) σ(-x) */
INLINE float
TARGET(sigmoid_slope_f)(float g, float x)
{
    float above, off, above_off;
    float small = TARGET(decay)(-TARGET(absolute)(x), 0, &above, &off, &above_off);
    float slope = small / (above * above);
    slope += slope * (off - 2.0f * above_off);
    return g * (x == x ? slope : x);
}

/* g / cosh², as 4 t / (1 + t)² with t = exp(-2 |x|) */
INLINE float
TARGET(tanh_slope_f)(float g, float x)
{
    float above, off, above_off, a = TARGET(absolute)(x);
    float small = TARGET(decay)(-(a + a), 2, &above, &off, &above_off);
    float slope = small / (above * above);
    slope += slope * (off - 2.0f * above_off);
    return g * (x == x ? slope : x);
}
