/* All loops, for one kind of processor: see vector.h, gauss.h and rows.h. */

#include "vector.h"
#include "gauss.h"

#define UNARY(name)                                                        \
    static void TARGET(name)(const float *x, float *out, npy_intp size)    \
    {                                                                      \
        INDEPENDENT                                                        \
        for (npy_intp i = 0; i < size; i++) {                              \
            out[i] = TARGET(name##_f)(x[i]);                               \
        }                                                                  \
    }
#define SLOPE(name)                                                                     \
    static void TARGET(name)(const float *g, const float *x, float *out, npy_intp size) \
    {                                                                                   \
        INDEPENDENT                                                                     \
        for (npy_intp i = 0; i < size; i++) {                                           \
            out[i] = TARGET(name##_f)(g[i], x[i]);                                      \
        }                                                                               \
    }
UNARY(exp)
UNARY(tanh)
UNARY(sigmoid)
UNARY(erf)
UNARY(erfc)
UNARY(cdf)
UNARY(expm1)
SLOPE(tanh_slope)
SLOPE(sigmoid_slope)
SLOPE(gelu_slope)
#undef UNARY
#undef SLOPE

#define REAL double
#define OF(name) TARGET(name##_64)
#define ROOT sqrt
#include "rows.h"
#undef REAL
#undef OF
#undef ROOT

#define REAL float
#define OF(name) TARGET(name##_32)
#define ROOT sqrtf
#include "rows.h"

#define LANES 16
#define SHORT 1024

/* The largest number of a row; of one with nan in it any: its powers are nan in any case. */
static float
TARGET(largest)(const float *x, npy_intp width)
{
    float lanes[LANES];
    npy_intp j = 0;
    for (int k = 0; k < LANES; k++) {
        lanes[k] = x[0];
    }
    for (; j + LANES <= width; j += LANES) {
        for (int k = 0; k < LANES; k++) {
            lanes[k] = x[j + k] > lanes[k] ? x[j + k] : lanes[k];
        }
    }
    for (int k = 0; j < width; j++, k++) {
        lanes[k] = x[j] > lanes[k] ? x[j] : lanes[k];
    }
    float most = lanes[0];
    for (int k = 1; k < LANES; k++) {
        most = lanes[k] > most ? lanes[k] : most;
    }
    return most;
}

/* out = exp(x - shift), and its sum; out may be NULL. */
static float
TARGET(powers)(const float *restrict x, npy_intp width, float shift, float *restrict out)
{
    if (width > SHORT) {
        npy_intp half = OF(half)(width);
        float first = TARGET(powers)(x, half, shift, out);
        return first + TARGET(powers)(x + half, width - half, shift, out + half);
    }
    float lanes[LANES] = {0}, rest[LANES] = {0};
    npy_intp j = 0;
    for (; j + LANES <= width; j += LANES) {
        for (int k = 0; k < LANES; k++) {
            float power = TARGET(exp_f)(x[j + k] - shift);
            out[j + k] = power;
            lanes[k] += power;
        }
    }
    if (j < width) {
        for (int k = 0; k < LANES; k++) {
            rest[k] = j + k < width ? x[j + k] - shift : 0;
        }
        for (int k = 0; k < LANES; k++) {
            rest[k] = TARGET(exp_f)(rest[k]);
        }
        for (int k = 0; j + k < width; k++) {
            out[j + k] = rest[k];
            lanes[k] += rest[k];
        }
    }
    return OF(total)(lanes);
}

static void
TARGET(softmax)(const float *restrict x, float *restrict out, npy_intp count, npy_intp width)
{
    for (npy_intp i = 0; i < count; i++, x += width, out += width) {
        float total = TARGET(powers)(x, width, TARGET(largest)(x, width), out);
        for (npy_intp j = 0; j < width; j++) {
            out[j] /= total;
        }
    }
}

static void
TARGET(log_softmax)(const float *restrict x, float *restrict out, npy_intp count, npy_intp width)
{
    for (npy_intp i = 0; i < count; i++, x += width, out += width) {
        float shift = TARGET(largest)(x, width);
        float total = logf(TARGET(powers)(x, width, shift, out));
        for (npy_intp j = 0; j < width; j++) {
            out[j] = x[j] - shift - total;
        }
    }
}

static void
TARGET(log_softmax_rule)(const float *restrict g, const float *restrict logs, float *restrict out,
                         npy_intp count, npy_intp width)
{
    for (npy_intp i = 0; i < count; i++, g += width, logs += width, out += width) {
        float total = OF(sum)(g, width);
        for (npy_intp j = 0; j < width; j++) {
            out[j] = g[j] - TARGET(exp_f)(logs[j]) * total;
        }
    }
}

#undef REAL
#undef OF
#undef ROOT
#undef LANES
#undef SHORT
