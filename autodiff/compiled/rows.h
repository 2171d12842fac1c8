/* Loops over the rows of a matrix, for one type of number: loops.h includes this for each.

   REAL: the type. OF(name): a function's name for it. ROOT, LOG: of it. Sums are kept in LANES
   running sums, which compilers turn into vectors, and of long rows taken in halves. */

#define LANES 16
#define SHORT 1024 /* numbers that are added up without halving */

INLINE REAL
OF(total)(const REAL *lanes)
{
    REAL total = 0;
    for (int k = 0; k < LANES; k++) {
        total += lanes[k];
    }
    return total;
}

INLINE npy_intp
OF(half)(npy_intp width)
{
    return width / (2 * LANES) * LANES;
}

static REAL
OF(sum)(const REAL *x, npy_intp width)
{
    if (width > SHORT) {
        npy_intp half = OF(half)(width);
        return OF(sum)(x, half) + OF(sum)(x + half, width - half);
    }
    REAL lanes[LANES] = {0};
    npy_intp j = 0;
    for (; j + LANES <= width; j += LANES) {
        for (int k = 0; k < LANES; k++) {
            lanes[k] += x[j + k];
        }
    }
    for (int k = 0; j < width; j++, k++) {
        lanes[k] += x[j];
    }
    return OF(total)(lanes);
}

static REAL
OF(sum_products)(const REAL *x, const REAL *y, npy_intp width)
{
    if (width > SHORT) {
        npy_intp half = OF(half)(width);
        return OF(sum_products)(x, y, half) + OF(sum_products)(x + half, y + half, width - half);
    }
    REAL lanes[LANES] = {0};
    npy_intp j = 0;
    for (; j + LANES <= width; j += LANES) {
        for (int k = 0; k < LANES; k++) {
            lanes[k] += x[j + k] * y[j + k];
        }
    }
    for (int k = 0; j < width; j++, k++) {
        lanes[k] += x[j] * y[j];
    }
    return OF(total)(lanes);
}

static void
OF(softmax_rule)(const REAL *restrict g, const REAL *restrict p, REAL *restrict out,
                 npy_intp count, npy_intp width)
{
    for (npy_intp i = 0; i < count; i++, g += width, p += width, out += width) {
        REAL along = OF(sum_products)(g, p, width);
        for (npy_intp j = 0; j < width; j++) {
            out[j] = (g[j] - along) * p[j];
        }
    }
}

/* Standardised rows (unit), their scales, and unit · weight + bias; weight, bias may be NULL.
   Whether all is safe: squares that overflow leave a scale of 0. */
static int
OF(layer_norm)(const REAL *restrict x, const REAL *restrict weight, const REAL *restrict bias,
               REAL eps, REAL *restrict unit, REAL *restrict scale, REAL *restrict out,
               npy_intp count, npy_intp width)
{
    int safe = 1;
    for (npy_intp i = 0; i < count; i++, x += width, unit += width, out += width) {
        REAL mean = OF(sum)(x, width) / (REAL)width;
        for (npy_intp j = 0; j < width; j++) {
            unit[j] = x[j] - mean;
        }
        REAL factor = 1 / ROOT(OF(sum_products)(unit, unit, width) / (REAL)width + eps);
        safe &= factor != 0;
        scale[i] = factor;
        if (weight != NULL && bias != NULL) {
            for (npy_intp j = 0; j < width; j++) {
                unit[j] *= factor;
                out[j] = unit[j] * weight[j] + bias[j];
            }
            continue;
        }
        for (npy_intp j = 0; j < width; j++) {
            unit[j] *= factor;
            out[j] = weight == NULL ? unit[j] : unit[j] * weight[j];
        }
        for (npy_intp j = 0; bias != NULL && j < width; j++) {
            out[j] += bias[j];
        }
    }
    return safe;
}

/* scale · (h - mean(h) - unit · mean(h · unit)) with h = g · weight */
static void
OF(layer_norm_rule)(const REAL *restrict g, const REAL *restrict unit, const REAL *restrict scale,
                    const REAL *restrict weight, REAL *restrict out, npy_intp count,
                    npy_intp width)
{
    for (npy_intp i = 0; i < count; i++, g += width, unit += width, out += width) {
        if (weight == NULL) {
            memcpy(out, g, (size_t)width * sizeof(REAL));
        } else {
            for (npy_intp j = 0; j < width; j++) {
                out[j] = g[j] * weight[j];
            }
        }
        REAL along = OF(sum_products)(out, unit, width) / (REAL)width;
        REAL common = OF(sum)(out, width) / (REAL)width, factor = scale[i];
        for (npy_intp j = 0; j < width; j++) {
            out[j] = (out[j] - common - unit[j] * along) * factor;
        }
    }
}

/* The sum of products in each column, one row after the other. */
static void
OF(column_products)(const REAL *restrict x, const REAL *restrict y, REAL *restrict out,
                    npy_intp count, npy_intp width)
{
    memset(out, 0, (size_t)width * sizeof(REAL));
    for (npy_intp i = 0; i < count; i++, x += width, y += width) {
        for (npy_intp j = 0; j < width; j++) {
            out[j] += x[j] * y[j];
        }
    }
}

#undef LANES
#undef SHORT
