/* Kernels of whole arrays: what takes NumPy many passes over memory, or has no vector code there.

   exp, tanh, the logistic function and the error function of float32, slopes, and operations on
   rows: softmax and layer normalization. They work on contiguous arrays; of anything else they answer None, and
   NumPy does it. Which loops run is decided once, by what the processor has. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if !defined(FLT_EVAL_METHOD) || FLT_EVAL_METHOD != 0 || defined(__FAST_MATH__)
#error "vector.h counts on sums that are taken as written, and rounded to the type of their terms"
#endif

/* of loops whose steps do not depend on one another, though they may write where they read */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#elif defined(_MSC_VER)
#define INLINE static __forceinline
#define restrict __restrict
#else
#define INLINE static inline
#endif

#define TARGET(name) name##_plain
#include "loops.h"
#undef TARGET

#if defined(__GNUC__) && defined(__x86_64__)
#define HAS_WIDE
#define TARGET(name) name##_wide
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#include "loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef TARGET
#endif

#ifdef HAS_WIDE
static int is_wide; /* whether the processor has AVX2 and FMA; set when the module is made */

#define CALL(name, ...)                \
    do {                               \
        if (is_wide) {                 \
            name##_wide(__VA_ARGS__);  \
        } else {                       \
            name##_plain(__VA_ARGS__); \
        }                              \
    } while (0)
#define ASK(name, ...) (is_wide ? name##_wide(__VA_ARGS__) : name##_plain(__VA_ARGS__))
#else
#define CALL(name, ...) name##_plain(__VA_ARGS__)
#define ASK(name, ...) name##_plain(__VA_ARGS__)
#endif

#define MANY (1 << 14) /* elements on which other threads need not wait */
#define FREELY(size, work)                              \
    do {                                                \
        PyThreadState *state = NULL;                    \
        if ((size) >= MANY) {                           \
            state = PyEval_SaveThread();                \
        }                                               \
        work;                                           \
        if (state != NULL) {                            \
            PyEval_RestoreThread(state);                \
        }                                               \
    } while (0)

static inline int
is_array(PyObject *value, int type)
{
    return Py_IS_TYPE(value, &PyArray_Type) && PyArray_TYPE((PyArrayObject *)value) == type &&
           PyArray_ISCARRAY_RO((PyArrayObject *)value) && PyArray_NDIM((PyArrayObject *)value);
}

static inline int
are_alike(PyObject *first, PyObject *second, int type)
{
    PyArrayObject *a = (PyArrayObject *)first, *b = (PyArrayObject *)second;
    return is_array(first, type) && is_array(second, type) &&
           PyArray_NDIM(a) == PyArray_NDIM(b) &&
           PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(b), PyArray_NDIM(a));
}

/* Where a result goes: into `given` if there is one and it fits, else a new array. NULL without an
   exception: it does not fit. */
static PyArrayObject *
result_like(PyArrayObject *x, PyObject *given)
{
    if (given == NULL || given == Py_None) {
        return (PyArrayObject *)PyArray_SimpleNew(PyArray_NDIM(x), PyArray_DIMS(x),
                                                  PyArray_TYPE(x));
    }
    if (!are_alike((PyObject *)x, given, PyArray_TYPE(x)) ||
        !PyArray_ISWRITEABLE((PyArrayObject *)given)) {
        return NULL;
    }
    return (PyArrayObject *)Py_NewRef(given);
}

static PyObject *
none_unless_raised(void)
{
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static inline int
takes(Py_ssize_t count, Py_ssize_t least, Py_ssize_t most)
{
    if (count >= least && count <= most) {
        return 1;
    }
    PyErr_Format(PyExc_TypeError, "takes %zd to %zd arguments, but %zd were given", least, most,
                 count);
    return 0;
}

#define F32(array) ((float *)PyArray_DATA((PyArrayObject *)(array)))
#define F64(array) ((double *)PyArray_DATA((PyArrayObject *)(array)))

/* elementwise ------------------------------------------------------------------------------- */

/* An array of float32 without gaps, its elements in rows: the value itself, or a copy. NULL without
   an exception: it is neither, as what is not native or aligned, or in another order than `order`
   lets the copy be. */
static PyArrayObject *
closed_up(PyObject *value, NPY_ORDER order)
{
    if (is_array(value, NPY_FLOAT)) {
        return (PyArrayObject *)Py_NewRef(value);
    }
    PyArrayObject *array = (PyArrayObject *)value;
    if (!Py_IS_TYPE(value, &PyArray_Type) || PyArray_TYPE(array) != NPY_FLOAT ||
        !PyArray_NDIM(array) || !PyArray_ISBEHAVED_RO(array)) {
        return NULL;
    }
    PyArrayObject *copy = (PyArrayObject *)PyArray_NewCopy(array, order);
    if (copy != NULL && !PyArray_IS_C_CONTIGUOUS(copy)) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* Whether a value is a small matrix of rows without gaps, in order; how far they are apart. */
static int
has_rows(PyObject *value, npy_intp *step)
{
    PyArrayObject *array = (PyArrayObject *)value;
    if (!Py_IS_TYPE(value, &PyArray_Type) || PyArray_TYPE(array) != NPY_FLOAT ||
        PyArray_NDIM(array) != 2 || !PyArray_ISBEHAVED_RO(array)) {
        return 0;
    }
    npy_intp size = (npy_intp)sizeof(float), apart = PyArray_STRIDE(array, 0);
    *step = apart / size;
    return PyArray_STRIDE(array, 1) == size && apart >= PyArray_DIM(array, 1) * size &&
           PyArray_SIZE(array) < MANY;
}

#define UNARY(name)                                                                           \
    static PyObject *py_##name(PyObject *Py_UNUSED(module), PyObject *const *arguments,       \
                               Py_ssize_t count)                                              \
    {                                                                                         \
        if (!takes(count, 1, 2)) {                                                            \
            return NULL;                                                                      \
        }                                                                                     \
        npy_intp step;                                                                        \
        PyObject *given = arguments[0];                                                       \
        if (count == 1 && !is_array(given, NPY_FLOAT) && has_rows(given, &step)) {            \
            npy_intp *sizes = PyArray_DIMS((PyArrayObject *)given), width = sizes[1];         \
            PyObject *made = PyArray_SimpleNew(2, sizes, NPY_FLOAT);                          \
            for (npy_intp i = 0; made != NULL && i < sizes[0]; i++) {                         \
                CALL(name, F32(given) + i * step, F32(made) + i * width, width);              \
            }                                                                                 \
            return made;                                                                      \
        }                                                                                     \
        PyArrayObject *x = closed_up(given, NPY_KEEPORDER), *out = NULL;                      \
        if (x != NULL && count == 1 && (PyObject *)x != given) {                              \
            out = (PyArrayObject *)Py_NewRef(x);                                              \
        } else if (x != NULL) {                                                               \
            out = result_like(x, count > 1 ? arguments[1] : NULL);                            \
        }                                                                                     \
        if (out != NULL) {                                                                    \
            npy_intp size = PyArray_SIZE(out);                                                \
            FREELY(size, CALL(name, F32(x), F32(out), size));                                 \
        }                                                                                     \
        Py_XDECREF(x);                                                                        \
        return out == NULL ? none_unless_raised() : (PyObject *)out;                          \
    }

#define SLOPE(name)                                                                           \
    static PyObject *py_##name(PyObject *Py_UNUSED(module), PyObject *const *arguments,       \
                               Py_ssize_t count)                                              \
    {                                                                                         \
        if (!takes(count, 2, 3)) {                                                            \
            return NULL;                                                                      \
        }                                                                                     \
        npy_intp step;                                                                        \
        PyObject *first = arguments[0], *second = arguments[1];                               \
        if (count == 2 && is_array(first, NPY_FLOAT) && !is_array(second, NPY_FLOAT) &&       \
            has_rows(second, &step) &&                                                        \
            PyArray_SAMESHAPE((PyArrayObject *)first, (PyArrayObject *)second)) {             \
            npy_intp *sizes = PyArray_DIMS((PyArrayObject *)first), width = sizes[1];         \
            PyObject *made = PyArray_SimpleNew(2, sizes, NPY_FLOAT);                          \
            for (npy_intp i = 0; made != NULL && i < sizes[0]; i++) {                         \
                CALL(name, F32(first) + i * width, F32(second) + i * step,                    \
                     F32(made) + i * width, width);                                           \
            }                                                                                 \
            return made;                                                                      \
        }                                                                                     \
        PyArrayObject *g = closed_up(first, NPY_CORDER), *x = NULL, *out = NULL;              \
        if (g != NULL) {                                                                      \
            x = closed_up(second, NPY_CORDER);                                                \
        }                                                                                     \
        if (x != NULL && are_alike((PyObject *)g, (PyObject *)x, NPY_FLOAT)) {                \
            if (count == 2 && (PyObject *)x != second) {                                      \
                out = (PyArrayObject *)Py_NewRef(x);                                          \
            } else {                                                                          \
                out = result_like(x, count > 2 ? arguments[2] : NULL);                        \
            }                                                                                 \
        }                                                                                     \
        if (out != NULL) {                                                                    \
            npy_intp size = PyArray_SIZE(out);                                                \
            FREELY(size, CALL(name, F32(g), F32(x), F32(out), size));                         \
        }                                                                                     \
        Py_XDECREF(g);                                                                        \
        Py_XDECREF(x);                                                                        \
        return out == NULL ? none_unless_raised() : (PyObject *)out;                          \
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

/* rows -------------------------------------------------------------------------------------- */

/* The rows along the last axis; 0 of an empty array, which NumPy does. */
static npy_intp
rows_of(PyArrayObject *x, npy_intp *width)
{
    *width = PyArray_DIM(x, PyArray_NDIM(x) - 1);
    return *width ? PyArray_SIZE(x) / *width : 0;
}

#define ROWS(name)                                                                            \
    static PyObject *py_##name(PyObject *Py_UNUSED(module), PyObject *x)                      \
    {                                                                                         \
        npy_intp width, rows = is_array(x, NPY_FLOAT) ? rows_of((PyArrayObject *)x, &width) : 0; \
        PyArrayObject *out = rows ? result_like((PyArrayObject *)x, NULL) : NULL;             \
        if (out == NULL) {                                                                    \
            return none_unless_raised();                                                      \
        }                                                                                     \
        FREELY(rows * width, CALL(name, F32(x), F32(out), rows, width));                       \
        return (PyObject *)out;                                                               \
    }

ROWS(softmax)
ROWS(log_softmax)

static PyObject *
py_softmax_rule(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (!takes(count, 2, 2)) {
        return NULL;
    }
    PyObject *g = arguments[0], *p = arguments[1];
    int narrow = are_alike(g, p, NPY_FLOAT);
    npy_intp width, rows = 0;
    if (narrow || are_alike(g, p, NPY_DOUBLE)) {
        rows = rows_of((PyArrayObject *)p, &width);
    }
    PyArrayObject *out = rows ? result_like((PyArrayObject *)p, NULL) : NULL;
    if (out == NULL) {
        return none_unless_raised();
    }
    if (narrow) {
        FREELY(rows * width, CALL(softmax_rule_32, F32(g), F32(p), F32(out), rows, width));
    } else {
        FREELY(rows * width, CALL(softmax_rule_64, F64(g), F64(p), F64(out), rows, width));
    }
    return (PyObject *)out;
}

static PyObject *
py_log_softmax_rule(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (!takes(count, 2, 2)) {
        return NULL;
    }
    PyObject *g = arguments[0], *logs = arguments[1];
    npy_intp width, rows = are_alike(g, logs, NPY_FLOAT) ? rows_of((PyArrayObject *)g, &width) : 0;
    PyArrayObject *out = rows ? result_like((PyArrayObject *)g, NULL) : NULL;
    if (out == NULL) {
        return none_unless_raised();
    }
    FREELY(rows * width, CALL(log_softmax_rule, F32(g), F32(logs), F32(out), rows, width));
    return (PyObject *)out;
}

/* Whether a value is None or an array of that many elements. */
static int
is_optional(PyObject *value, int type, npy_intp size)
{
    return value == Py_None ||
           (is_array(value, type) && PyArray_SIZE((PyArrayObject *)value) == size);
}

#define DATA32(value) ((value) == Py_None ? NULL : F32(value))
#define DATA64(value) ((value) == Py_None ? NULL : F64(value))

/* layer_norm(x, weight or None, bias or None, eps) -> (out, unit, scale), or None */
static PyObject *
py_layer_norm(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (!takes(count, 4, 4)) {
        return NULL;
    }
    PyObject *x = arguments[0], *weight = arguments[1], *bias = arguments[2];
    double eps = PyFloat_AsDouble(arguments[3]);
    if (eps == -1 && PyErr_Occurred()) {
        return NULL;
    }
    int narrow = is_array(x, NPY_FLOAT), type = narrow ? NPY_FLOAT : NPY_DOUBLE, safe = 0;
    npy_intp width, rows = is_array(x, type) ? rows_of((PyArrayObject *)x, &width) : 0;
    if (!rows || PyArray_NDIM((PyArrayObject *)x) != 2 || !(eps > 0) ||
        (narrow && (float)eps == 0) || !is_optional(weight, type, width) ||
        !is_optional(bias, type, width)) {
        Py_RETURN_NONE;
    }
    npy_intp column[2] = {rows, 1};
    PyArrayObject *out = result_like((PyArrayObject *)x, NULL);
    PyArrayObject *unit = result_like((PyArrayObject *)x, NULL);
    PyArrayObject *scale = (PyArrayObject *)PyArray_SimpleNew(2, column, type);
    PyObject *results = NULL;
    if (out != NULL && unit != NULL && scale != NULL) {
        if (narrow) {
            FREELY(rows * width,
                   safe = ASK(layer_norm_32, F32(x), DATA32(weight), DATA32(bias), (float)eps,
                              F32(unit), F32(scale), F32(out), rows, width));
        } else {
            FREELY(rows * width,
                   safe = ASK(layer_norm_64, F64(x), DATA64(weight), DATA64(bias), eps,
                              F64(unit), F64(scale), F64(out), rows, width));
        }
        results = safe ? PyTuple_Pack(3, out, unit, scale) : Py_NewRef(Py_None);
    }
    Py_XDECREF(out);
    Py_XDECREF(unit);
    Py_XDECREF(scale);
    return results;
}

/* layer_norm_rule(g, unit, scale, weight or None) -> the cotangent of the input, or None */
static PyObject *
py_layer_norm_rule(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (!takes(count, 4, 4)) {
        return NULL;
    }
    PyObject *g = arguments[0], *unit = arguments[1], *scale = arguments[2];
    PyObject *weight = arguments[3];
    int narrow = is_array(g, NPY_FLOAT), type = narrow ? NPY_FLOAT : NPY_DOUBLE;
    npy_intp width, rows = are_alike(g, unit, type) ? rows_of((PyArrayObject *)g, &width) : 0;
    if (!rows || PyArray_NDIM((PyArrayObject *)g) != 2 || !is_optional(weight, type, width) ||
        !is_array(scale, type) || PyArray_SIZE((PyArrayObject *)scale) != rows) {
        Py_RETURN_NONE;
    }
    PyArrayObject *out = result_like((PyArrayObject *)g, NULL);
    if (out == NULL) {
        return NULL;
    }
    if (narrow) {
        FREELY(rows * width, CALL(layer_norm_rule_32, F32(g), F32(unit), F32(scale),
                                  DATA32(weight), F32(out), rows, width));
    } else {
        FREELY(rows * width, CALL(layer_norm_rule_64, F64(g), F64(unit), F64(scale),
                                  DATA64(weight), F64(out), rows, width));
    }
    return (PyObject *)out;
}

/* column_products(x, y) -> of matrices the sum of products in each column, or None */
static PyObject *
py_column_products(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (!takes(count, 2, 2)) {
        return NULL;
    }
    PyObject *x = arguments[0], *y = arguments[1];
    int narrow = are_alike(x, y, NPY_FLOAT);
    npy_intp width, rows = 0;
    if (narrow || are_alike(x, y, NPY_DOUBLE)) {
        rows = PyArray_NDIM((PyArrayObject *)x) == 2 ? rows_of((PyArrayObject *)x, &width) : 0;
    }
    PyObject *out = NULL;
    if (rows) {
        out = PyArray_SimpleNew(1, &width, narrow ? NPY_FLOAT : NPY_DOUBLE);
    }
    if (out == NULL) {
        return none_unless_raised();
    }
    if (narrow) {
        FREELY(rows * width, CALL(column_products_32, F32(x), F32(y), F32(out), rows, width));
    } else {
        FREELY(rows * width, CALL(column_products_64, F64(x), F64(y), F64(out), rows, width));
    }
    return out;
}

static PyMethodDef methods[] = {
    {"exp", (PyCFunction)(void (*)(void))py_exp, METH_FASTCALL, NULL},
    {"tanh", (PyCFunction)(void (*)(void))py_tanh, METH_FASTCALL, NULL},
    {"sigmoid", (PyCFunction)(void (*)(void))py_sigmoid, METH_FASTCALL, NULL},
    {"erf", (PyCFunction)(void (*)(void))py_erf, METH_FASTCALL, NULL},
    {"erfc", (PyCFunction)(void (*)(void))py_erfc, METH_FASTCALL, NULL},
    {"cdf", (PyCFunction)(void (*)(void))py_cdf, METH_FASTCALL, NULL},
    {"expm1", (PyCFunction)(void (*)(void))py_expm1, METH_FASTCALL, NULL},
    {"tanh_slope", (PyCFunction)(void (*)(void))py_tanh_slope, METH_FASTCALL, NULL},
    {"sigmoid_slope", (PyCFunction)(void (*)(void))py_sigmoid_slope, METH_FASTCALL, NULL},
    {"gelu_slope", (PyCFunction)(void (*)(void))py_gelu_slope, METH_FASTCALL, NULL},
    {"softmax", py_softmax, METH_O, NULL},
    {"softmax_rule", (PyCFunction)(void (*)(void))py_softmax_rule, METH_FASTCALL, NULL},
    {"log_softmax", py_log_softmax, METH_O, NULL},
    {"log_softmax_rule", (PyCFunction)(void (*)(void))py_log_softmax_rule, METH_FASTCALL, NULL},
    {"layer_norm", (PyCFunction)(void (*)(void))py_layer_norm, METH_FASTCALL, NULL},
    {"layer_norm_rule", (PyCFunction)(void (*)(void))py_layer_norm_rule, METH_FASTCALL, NULL},
    {"column_products", (PyCFunction)(void (*)(void))py_column_products, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "kernels", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_kernels(void)
{
    import_array();
#ifdef HAS_WIDE
    __builtin_cpu_init();
    is_wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return PyModule_Create(&definition);
}
