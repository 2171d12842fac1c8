/* What the files of the compiled path share: the layouts that they know, and small helpers.

   The classes are those of the Python files, slots and all. Where a slot lies is read off its
   descriptor once, when the package is imported, so each class stays defined in one place. */

#ifndef AUTODIFF_CORE_H
#define AUTODIFF_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/ndarraytypes.h>

/* Classes and objects of the Python files. `setup` fills this; nothing changes it afterwards. */
typedef struct {
    PyObject *Tensor, *Node, *Operation, *GeneralOperation, *SeveralOperation, *AccumulateGrad, *Nowhere;
    PyObject *Extra, *ViewOf, *Plan;
    PyObject *accumulator;   /* function: tensor -> its accumulator, made if need be */
    PyObject *storage;       /* function: tensor -> its data as an array that can be shared */
    PyObject *last;          /* the number of accumulators */
    PyObject *numbers;       /* the iterator that numbers nodes */
    PyObject *grad_mode;     /* context variable: True, False, or something unusual */
    PyObject *errors;        /* context variable of NumPy's treatment of floating-point errors */
    PyObject *silent;        /* the value of it under which nothing is reported */
    PyObject *arrays;        /* the array namespace that kernels are given */
    PyObject *float32, *float64;              /* NumPy's scalar types */
    PyObject *float32_dtype, *float64_dtype;  /* and the dtypes */
    PyObject *ndarray;
    PyObject *negative;                       /* the ufunc */
    PyObject *freed, *freed_counters;         /* what stands in a node for values that are gone */
    PyObject *empty;                          /* () */
    PyObject *made_normal, *made_multiple, *made_no_grad; /* how a view was made */
    PyObject *zero;                           /* 0 */
    /* names of methods and attributes */
    PyObject *arrive, *visit, *acquire, *finish, *release, *fitted, *plus, *add_into, *namespace, *create_graph;
    PyObject *array_namespace;

    /* offsets of slots */
    Py_ssize_t t_data, t_node, t_leaf, t_counter, t_extra;
    Py_ssize_t n_counters, n_edges, n_hooks, n_number;
    Py_ssize_t o_numbers, o_params, o_plan, o_saved, o_shapes, g_types, g_output_meta;
    Py_ssize_t l_accumulator, l_grad, l_lock, l_post_hooks, a_variable, a_cast;
    Py_ssize_t w_accumulate, w_arrived, w_captured, w_pending, w_sought, w_watched;
    Py_ssize_t p_sources, p_walked, p_indexed, p_conjugate;
    Py_ssize_t r_kernel, r_takes_xp, r_numpy_kernel, r_plans;
    Py_ssize_t x_number, x_view, x_turned;
    Py_ssize_t x_cast, x_grad, x_grad_dtype, x_hooks, x_retains;
    Py_ssize_t v_base, v_chain, v_made, v_turns, v_version;
} State;

extern State S;

#define SLOT(object, offset) (*(PyObject **)((char *)(object) + (offset)))
#define IS(object, name) ((PyObject *)Py_TYPE(object) == S.name)

/* A slot that was never set is NULL; a missing value then counts as uncommon. */
#define IS_NONE(object) ((object) == Py_None)

/* Kinds of data that the common path computes on. */
enum Kind { OTHER = 0, SCALAR32, SCALAR64, ARRAY32, ARRAY64, NUMBER };
#define IS_WIDE(kind) ((kind) == SCALAR64 || (kind) == ARRAY64)
#define IS_ARRAY(kind) ((kind) == ARRAY32 || (kind) == ARRAY64)

static inline enum Kind
kind_of(PyObject *data)
{
    PyObject *type = (PyObject *)Py_TYPE(data);
    if (type == S.ndarray) {
        PyObject *dtype = (PyObject *)PyArray_DESCR((PyArrayObject *)data);
        return dtype == S.float32_dtype ? ARRAY32 : dtype == S.float64_dtype ? ARRAY64 : OTHER;
    }
    return type == S.float32 ? SCALAR32 : type == S.float64 ? SCALAR64 : OTHER;
}

static inline int
same_shape(PyObject *first, PyObject *second)
{
    PyArrayObject *a = (PyArrayObject *)first, *b = (PyArrayObject *)second;
    int ndim = PyArray_NDIM(a);
    return ndim == PyArray_NDIM(b) && (!ndim ||
           !memcmp(PyArray_DIMS(a), PyArray_DIMS(b), (size_t)ndim * sizeof(npy_intp)));
}

/* Common path or not: what functions here answer, beside an exception. */
enum Answer { FAILED = -1, UNCOMMON = 0, COMMON = 1 };

/* An input: its data, and where its cotangent goes (edge NULL: nowhere, it needs no gradient). */
typedef struct {
    PyObject *tensor; /* borrowed; NULL for a number or None */
    PyObject *data;   /* owned */
    PyObject *edge;   /* owned */
    long number;      /* which output of that node */
    enum Kind kind;
} Input;

/* record.c */
enum Answer read_mode(int *recording);
enum Answer read_input(PyObject *tensor, int recording, Input *input);
enum Answer lock(PyObject *leaf);
int unlock(PyObject *leaf);
void clear_inputs(Input *inputs, Py_ssize_t count);
PyObject *shape_of(PyObject *data);
PyObject *counter_of(PyObject *tensor);
PyObject *new_tensor(PyObject *data);
PyObject *plan_for(PyObject *row, long mask, Py_ssize_t count);
enum Answer record(PyObject *result, PyObject *plan, Input *inputs, Py_ssize_t count,
                   PyObject *shapes, PyObject *params, PyObject *types);
PyObject *new_node(PyObject *type, PyObject *plan, Input *inputs, Py_ssize_t count,
                   PyObject *shapes, PyObject *params);
enum Answer run_kernel(PyObject *kernel, PyObject *const *arguments, Py_ssize_t count,
                       PyObject *names, PyObject **out);

/* What is special about a row. */
enum { UNRECORDED = 1, CONDITION = 2, NUMBERS = 4, VARIADIC = 8 };

/* straight.c, calls.c, survey.c, walk.c */
extern PyTypeObject Straight_Type;
PyObject *straight_elementwise(PyObject *row, PyObject *const *arguments, Py_ssize_t count,
                               int traits);
PyObject *straight_call(PyObject *row, PyObject *const *arguments, Py_ssize_t count,
                        PyObject *names, Py_ssize_t inputs, int traits);
PyObject *straight_view(PyObject *row, PyObject *const *arguments, Py_ssize_t count,
                        PyObject *names, int several);
PyObject *survey(PyObject *module, PyObject *roots);
PyObject *needed(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *follow(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

#endif
