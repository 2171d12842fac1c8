/* How an operation is recorded: what `straight.py` and `straight_call.py` do, step by step. */

#include "core.h"

/* Whether operations are recorded. Uncommon: a mode in which more than that is to be asked. */
enum Answer
read_mode(int *recording)
{
    PyObject *mode;
    if (PyContextVar_Get(S.grad_mode, NULL, &mode) < 0) {
        return FAILED;
    }
    Py_DECREF(mode); /* True and False live on */
    *recording = mode == Py_True;
    return mode == Py_True || mode == Py_False ? COMMON : UNCOMMON;
}

/* Take a leaf's lock if it is free. Uncommon: another thread has it. */
enum Answer
lock(PyObject *leaf)
{
    PyObject *taken = PyObject_CallMethodOneArg(SLOT(leaf, S.l_lock), S.acquire, Py_False);
    enum Answer answer = taken == NULL ? FAILED : taken == Py_True ? COMMON : UNCOMMON;
    Py_XDECREF(taken);
    return answer;
}

int
unlock(PyObject *leaf)
{
    PyObject *done = PyObject_CallMethodNoArgs(SLOT(leaf, S.l_lock), S.release);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *
accumulator_of(PyObject *tensor, PyObject *leaf)
{
    PyObject *reference = SLOT(leaf, S.l_accumulator);
    if (reference != NULL && PyWeakref_CheckRef(reference)) {
#if PY_VERSION_HEX >= 0x030D0000
        PyObject *node;
        if (PyWeakref_GetRef(reference, &node) < 0) {
            return NULL;
        }
        if (node != NULL) {
            return node;
        }
#else
        PyObject *node = PyWeakref_GetObject(reference);
        if (node == NULL) {
            return NULL;
        }
        if (node != Py_None) {
            return Py_NewRef(node);
        }
#endif
    }
    if (SLOT(tensor, S.t_extra) != Py_None) { /* it may have hooks, or a dtype for its gradient */
        return PyObject_CallOneArg(S.accumulator, tensor);
    }
    PyTypeObject *type = (PyTypeObject *)S.AccumulateGrad;
    PyObject *node = type->tp_alloc(type, 0);
    PyObject *weak = node == NULL ? NULL : PyWeakref_NewRef(node, NULL);
    enum Answer free = weak == NULL ? FAILED : lock(leaf);
    if (free == COMMON && SLOT(leaf, S.l_accumulator) == reference) {
        SLOT(node, S.a_variable) = Py_NewRef(tensor);
        SLOT(node, S.a_cast) = Py_NewRef(Py_None);
        SLOT(node, S.n_edges) = Py_NewRef(S.empty);
        SLOT(node, S.n_hooks) = Py_NewRef(Py_None);
        SLOT(node, S.n_counters) = Py_NewRef(Py_None);
        SLOT(node, S.n_number) = Py_NewRef(S.last);
        Py_SETREF(SLOT(leaf, S.l_accumulator), weak);
        if (unlock(leaf) < 0) {
            Py_CLEAR(node);
        }
        return node;
    }
    if (free == COMMON && unlock(leaf) < 0) {
        free = FAILED;
    }
    Py_XDECREF(weak);
    Py_XDECREF(node);
    return free == FAILED ? NULL : PyObject_CallOneArg(S.accumulator, tensor); /* another's */
}

/* Whether two counts are the same number. */
static int
same_count(PyObject *a, PyObject *b)
{
    return a == b || (a != NULL && b != NULL && PyLong_CheckExact(a) && PyLong_CheckExact(b) &&
                      PyObject_RichCompareBool(a, b, Py_EQ) == 1);
}

/* The tensor's data, and its edge where operations are recorded.

   Uncommon: tensors of other classes, layers, views whose base was written to since. */
enum Answer
read_input(PyObject *tensor, int recording, Input *input)
{
    input->tensor = tensor;
    input->data = input->edge = NULL;
    input->number = 0;
    PyObject *data = SLOT(tensor, S.t_data), *extra = SLOT(tensor, S.t_extra);
    if (data == NULL || extra == NULL) {
        return UNCOMMON;
    }
    input->kind = kind_of(data);
    if (input->kind == OTHER) {
        return UNCOMMON;
    }
    PyObject *node = SLOT(tensor, S.t_node), *leaf = SLOT(tensor, S.t_leaf);
    if (node == NULL || leaf == NULL) {
        return UNCOMMON;
    }
    if (extra != Py_None) {
        PyObject *view = SLOT(extra, S.x_view);
        PyObject *base = view == Py_None ? NULL : SLOT(view, S.v_base);
        if (base != NULL && !IS(base, Tensor)) {
            return UNCOMMON; /* it may have layers */
        }
        if (recording) {
            if (base != NULL) {
                PyObject *counter = SLOT(base, S.t_counter);
                if (counter == NULL || !PyList_CheckExact(counter) ||
                    !same_count(PyList_GET_ITEM(counter, 0), SLOT(view, S.v_version))) {
                    return UNCOMMON; /* its history is another by now */
                }
                if (node == Py_None && leaf == Py_None &&
                    (SLOT(base, S.t_node) != Py_None || SLOT(base, S.t_leaf) != Py_None)) {
                    return UNCOMMON; /* made under `no_grad` */
                }
            }
            if (node != Py_None) {
                input->number = PyLong_AsLong(SLOT(extra, S.x_number));
            }
        }
    }
    if (recording) {
        if (node != Py_None) {
            if (IS(node, Nowhere)) {
                return UNCOMMON;
            }
            input->edge = Py_NewRef(node);
        } else if (leaf != Py_None) {
            Py_INCREF(data); /* what makes the accumulator may run somebody's code */
            Py_INCREF(leaf);
            input->edge = accumulator_of(tensor, leaf);
            Py_DECREF(leaf);
            if (input->edge == NULL) {
                Py_DECREF(data);
                return FAILED;
            }
            input->data = data;
            return COMMON;
        }
    }
    input->data = Py_NewRef(data);
    return COMMON;
}

void
clear_inputs(Input *inputs, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_CLEAR(inputs[i].data);
        Py_CLEAR(inputs[i].edge);
    }
}

PyObject *
shape_of(PyObject *data)
{
    if ((PyObject *)Py_TYPE(data) != S.ndarray) {
        return Py_NewRef(S.empty);
    }
    PyArrayObject *array = (PyArrayObject *)data;
    int ndim = PyArray_NDIM(array);
    PyObject *shape = PyTuple_New(ndim);
    for (int i = 0; shape != NULL && i < ndim; i++) {
        PyObject *size = PyLong_FromSsize_t(PyArray_DIM(array, i));
        if (size == NULL) {
            Py_CLEAR(shape);
            break;
        }
        PyTuple_SET_ITEM(shape, i, size);
    }
    return shape;
}

/* Call a kernel with NumPy's reports of floating-point errors off. */
enum Answer
run_kernel(PyObject *kernel, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
           PyObject **out)
{
    PyObject *token = PyContextVar_Set(S.errors, S.silent);
    if (token == NULL) {
        return FAILED;
    }
    Py_INCREF(kernel);
    *out = PyObject_Vectorcall(kernel, arguments, (size_t)count, names);
    Py_DECREF(kernel);
    if (*out != NULL) {
        int status = PyContextVar_Reset(S.errors, token);
        Py_DECREF(token);
        if (status < 0) {
            Py_CLEAR(*out);
            return FAILED;
        }
        return COMMON;
    }
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    int status = PyContextVar_Reset(S.errors, token);
    Py_DECREF(token);
    if (status < 0) {
        PyErr_Clear();
    }
    PyErr_Restore(type, value, trace);
    return FAILED;
}

/* A tensor without history around data, a reference to which it takes over. */
PyObject *
new_tensor(PyObject *data)
{
    PyTypeObject *type = (PyTypeObject *)S.Tensor;
    PyObject *tensor = type->tp_alloc(type, 0);
    if (tensor == NULL) {
        Py_DECREF(data);
        return NULL;
    }
    SLOT(tensor, S.t_data) = data;
    SLOT(tensor, S.t_node) = Py_NewRef(Py_None);
    SLOT(tensor, S.t_leaf) = Py_NewRef(Py_None);
    SLOT(tensor, S.t_counter) = Py_NewRef(Py_None);
    SLOT(tensor, S.t_extra) = Py_NewRef(Py_None);
    return tensor;
}

/* How the row is recorded where these inputs need a gradient. */
PyObject *
plan_for(PyObject *row, long mask, Py_ssize_t count)
{
    PyObject *plans = SLOT(row, S.r_plans);
    PyObject *key = PyLong_FromLong(mask);
    if (key == NULL) {
        return NULL;
    }
    PyObject *plan = PyDict_GetItemWithError(plans, key);
    if (plan == NULL && !PyErr_Occurred()) {
        PyObject *wanted = PyList_New(0);
        for (Py_ssize_t i = 0; wanted != NULL && i < count; i++) {
            if (mask >> i & 1) {
                PyObject *position = PyLong_FromSsize_t(i);
                if (position == NULL || PyList_Append(wanted, position) < 0) {
                    Py_CLEAR(wanted);
                }
                Py_XDECREF(position);
            }
        }
        if (wanted != NULL) {
            plan = PyObject_CallFunctionObjArgs(S.Plan, row, wanted, NULL);
            Py_DECREF(wanted);
            if (plan != NULL) {
                /* another thread may have made it meanwhile: one plan for all */
                PyObject *kept = PyDict_SetDefault(plans, key, plan);
                Py_XINCREF(kept);
                Py_SETREF(plan, kept);
            }
        }
    } else {
        Py_XINCREF(plan);
    }
    Py_DECREF(key);
    return plan;
}

/* The write counter of a tensor, borrowed; NULL without an exception where there is no count. */
PyObject *
counter_of(PyObject *tensor)
{
    PyObject *counter = SLOT(tensor, S.t_counter);
    if (counter == Py_None) {
        counter = PyList_New(1);
        if (counter == NULL) {
            return NULL;
        }
        PyList_SET_ITEM(counter, 0, Py_NewRef(S.zero));
        PyObject_GC_UnTrack(counter); /* a number, and perhaps a name: never part of a cycle */
        Py_SETREF(SLOT(tensor, S.t_counter), counter);
    }
    return counter != NULL && PyList_CheckExact(counter) ? counter : NULL;
}

/* Keep in a node what its rules ask for, with the counters of what can be written to. */
static enum Answer
save(PyObject *node, PyObject *sources, Input *inputs, PyObject *result)
{
    Py_ssize_t count = PyTuple_GET_SIZE(sources);
    PyObject *owners[8];
    if (count > 8) {
        return UNCOMMON;
    }
    PyObject *saved = PyTuple_New(count);
    if (saved == NULL) {
        return FAILED;
    }
    Py_ssize_t tensors = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        long source = PyLong_AsLong(PyTuple_GET_ITEM(sources, i));
        owners[i] = source < 0 ? result : inputs[source].tensor;
        PyObject *value = source < 0 ? SLOT(result, S.t_data) : inputs[source].data;
        PyTuple_SET_ITEM(saved, i, Py_NewRef(value == NULL ? Py_None : value));
        tensors += owners[i] != NULL;
    }
    PyObject *counters = PyTuple_New(3 * tensors);
    if (counters == NULL) {
        Py_DECREF(saved);
        return FAILED;
    }
    Py_ssize_t place = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (owners[i] == NULL) {
            continue;
        }
        PyObject *counter = counter_of(owners[i]), *where = PyLong_FromSsize_t(i);
        if (counter == NULL || where == NULL) {
            Py_XDECREF(where);
            Py_DECREF(saved);
            Py_DECREF(counters);
            return PyErr_Occurred() ? FAILED : UNCOMMON;
        }
        PyTuple_SET_ITEM(counters, place++, Py_NewRef(counter));
        PyTuple_SET_ITEM(counters, place++, Py_NewRef(PyList_GET_ITEM(counter, 0)));
        PyTuple_SET_ITEM(counters, place++, where);
    }
    /* numbers and arrays of numbers, which no cycle leads through: nothing for the collector */
    PyObject_GC_UnTrack(saved);
    PyObject_GC_UnTrack(counters);
    SLOT(node, S.o_saved) = saved;
    SLOT(node, S.n_counters) = counters;
    return COMMON;
}

/* A node with edges, but nothing saved; takes over nothing. shapes, params: borrowed. */
PyObject *
new_node(PyObject *type, PyObject *plan, Input *inputs, Py_ssize_t count, PyObject *shapes,
         PyObject *params)
{
    PyObject *node = ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    PyObject *edges = PyTuple_New(count);
    PyObject *number = Py_TYPE(S.numbers)->tp_iternext(S.numbers);
    PyObject *numbers = NULL;
    if (node == NULL || edges == NULL || number == NULL) {
        goto fail;
    }
    int numbered = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *edge = inputs[i].edge;
        PyTuple_SET_ITEM(edges, i, Py_NewRef(edge == NULL ? Py_None : edge));
        numbered |= edge != NULL && inputs[i].number;
    }
    if (numbered) {
        numbers = PyTuple_New(count);
        if (numbers == NULL) {
            goto fail;
        }
        for (Py_ssize_t i = 0; i < count; i++) {
            PyObject *which = PyLong_FromLong(inputs[i].edge == NULL ? 0 : inputs[i].number);
            if (which == NULL) {
                goto fail;
            }
            PyTuple_SET_ITEM(numbers, i, which);
        }
    } else {
        numbers = Py_NewRef(Py_None);
    }
    SLOT(node, S.n_edges) = edges;
    SLOT(node, S.n_number) = number;
    SLOT(node, S.n_hooks) = Py_NewRef(Py_None);
    SLOT(node, S.o_numbers) = numbers;
    SLOT(node, S.o_plan) = Py_NewRef(plan);
    SLOT(node, S.o_shapes) = Py_NewRef(shapes);
    SLOT(node, S.o_params) = Py_NewRef(params);
    return node;
fail:
    Py_XDECREF(node);
    Py_XDECREF(edges);
    Py_XDECREF(number);
    Py_XDECREF(numbers);
    return NULL;
}

/* Give a result the node that made it. Uncommon: a value is saved that has no write count.

   types: the dtypes of the inputs where the result has another, else NULL. */
enum Answer
record(PyObject *result, PyObject *plan, Input *inputs, Py_ssize_t count, PyObject *shapes,
       PyObject *params, PyObject *types)
{
    PyObject *kind = types == NULL ? S.Operation : S.GeneralOperation;
    PyObject *node = new_node(kind, plan, inputs, count, shapes, params);
    if (node == NULL) {
        return FAILED;
    }
    if (types != NULL) {
        SLOT(node, S.g_types) = Py_NewRef(types);
        SLOT(node, S.g_output_meta) = Py_NewRef(Py_None);
    }
    PyObject *sources = SLOT(plan, S.p_sources);
    if (PyTuple_GET_SIZE(sources)) {
        enum Answer answer = save(node, sources, inputs, result);
        if (answer != COMMON) {
            Py_DECREF(node);
            return answer;
        }
    } else {
        SLOT(node, S.o_saved) = Py_NewRef(Py_None);
        SLOT(node, S.n_counters) = Py_NewRef(Py_None);
    }
    Py_SETREF(SLOT(result, S.t_node), node);
    return COMMON;
}
