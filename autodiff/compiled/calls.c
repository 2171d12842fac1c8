/* Operations that are not elementwise, and views: `straight_call.py`, compiled.

   As in straight.c, NULL without an exception stands for a case that is not the common one. */

#include "core.h"

#define MOST 8 /* inputs, and keyword parameters, of a call */

/* The keyword parameters as a dictionary. */
static PyObject *
params_of(PyObject *const *values, PyObject *names)
{
    PyObject *params = PyDict_New();
    Py_ssize_t count = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t i = 0; params != NULL && i < count; i++) {
        if (PyDict_SetItem(params, PyTuple_GET_ITEM(names, i), values[i]) < 0) {
            Py_CLEAR(params);
        }
    }
    return params;
}

/* Call the row's kernel on data and parameters. */
static PyObject *
compute(PyObject *row, Input *inputs, Py_ssize_t count, PyObject *const *values, PyObject *names,
        int silently)
{
    PyObject *stack[2 * MOST + 1], *out;
    Py_ssize_t filled = 0, named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if (SLOT(row, S.r_takes_xp) == Py_True) {
        stack[filled++] = S.arrays;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        stack[filled++] = inputs[i].data == NULL ? Py_None : inputs[i].data;
    }
    Py_ssize_t positional = filled;
    for (Py_ssize_t i = 0; i < named; i++) {
        stack[filled++] = values[i];
    }
    PyObject *kernel = SLOT(row, S.r_kernel);
    if (!silently) {
        return PyObject_Vectorcall(kernel, stack, (size_t)positional, names);
    }
    return run_kernel(kernel, stack, positional, names, &out) == COMMON ? out : NULL;
}

static PyObject *
shapes_of(Input *inputs, Py_ssize_t count)
{
    PyObject *shapes = PyTuple_New(count);
    for (Py_ssize_t i = 0; shapes != NULL && i < count; i++) {
        PyObject *shape = inputs[i].data == NULL ? Py_NewRef(S.empty) : shape_of(inputs[i].data);
        if (shape == NULL) {
            Py_CLEAR(shapes);
            break;
        }
        PyTuple_SET_ITEM(shapes, i, shape);
    }
    return shapes;
}

/* The dtype of each input, None of what is no array. */
static PyObject *
types_of(Input *inputs, Py_ssize_t count)
{
    PyObject *types = PyTuple_New(count);
    for (Py_ssize_t i = 0; types != NULL && i < count; i++) {
        PyObject *type = Py_None;
        if (inputs[i].tensor != NULL) {
            type = inputs[i].kind == OTHER ? (PyObject *)PyArray_DESCR((PyArrayObject *)inputs[i].data)
                   : IS_WIDE(inputs[i].kind) ? S.float64_dtype
                                             : S.float32_dtype;
        }
        PyTuple_SET_ITEM(types, i, Py_NewRef(type));
    }
    return types;
}

/* A tensor of bools, which has no history. */
static enum Answer
read_condition(PyObject *tensor, Input *input)
{
    *input = (Input){tensor, NULL, NULL, 0, OTHER};
    PyObject *data = SLOT(tensor, S.t_data), *extra = SLOT(tensor, S.t_extra);
    if (data == NULL || extra == NULL || (PyObject *)Py_TYPE(data) != S.ndarray ||
        PyArray_TYPE((PyArrayObject *)data) != NPY_BOOL) {
        return UNCOMMON;
    }
    PyObject *view = extra == Py_None ? Py_None : SLOT(extra, S.x_view);
    if (view == NULL || (view != Py_None && !IS(SLOT(view, S.v_base), Tensor))) {
        return UNCOMMON; /* the base may have layers */
    }
    input->data = Py_NewRef(data);
    return COMMON;
}

/* One input of a call: a tensor, None, or where the row takes them a condition or a number. */
static enum Answer
read_argument(PyObject *value, Py_ssize_t place, Py_ssize_t count, int recording, int traits,
              Input *input)
{
    if (IS(value, Tensor)) {
        return (traits & CONDITION) && !place ? read_condition(value, input)
                                              : read_input(value, recording, input);
    }
    *input = (Input){NULL, NULL, NULL, 0, NUMBER};
    if (value == Py_None) {
        return count > 2 && place && !(traits & VARIADIC) ? COMMON : UNCOMMON;
    }
    if ((traits & NUMBERS) && place && (PyFloat_CheckExact(value) || PyLong_CheckExact(value))) {
        input->data = Py_NewRef(value);
        return COMMON;
    }
    return UNCOMMON;
}

/* Sums, products of matrices, whole layers: `expected` tensors (or None) give one tensor. */
PyObject *
straight_call(PyObject *row, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
              Py_ssize_t expected, int traits)
{
    Input inputs[MOST];
    int recording;
    PyObject *result = NULL, *plan = NULL, *shapes = NULL, *params = NULL, *dtype = NULL;
    PyObject *types = NULL;
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if ((count != expected && !(traits & VARIADIC)) || count > MOST || named > MOST ||
        read_mode(&recording) != COMMON) {
        return NULL;
    }
    recording = recording && !(traits & UNRECORDED);
    long mask = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Input *input = &inputs[i];
        if (read_argument(arguments[i], i, count, recording, traits, input) != COMMON) {
            clear_inputs(inputs, i);
            return NULL;
        }
        mask |= (long)(input->edge != NULL) << i;
        if (input->tensor == NULL || input->kind == OTHER) {
            continue;
        }
        int wide = input->kind == SCALAR64 || input->kind == ARRAY64;
        PyObject *own = wide ? S.float64_dtype : S.float32_dtype;
        if ((dtype != NULL && own != dtype) || (count == 2 && !IS_ARRAY(input->kind))) {
            clear_inputs(inputs, i + 1);
            return NULL;
        }
        dtype = own;
    }
    if (dtype == NULL) {
        clear_inputs(inputs, count);
        return NULL;
    }
    PyObject *out = compute(row, inputs, count, arguments + count, names, 1);
    if (out == NULL) {
        if (PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear(); /* the Python function explains it, where that is to be done */
        }
        goto done;
    }
    if (recording && mask) {
        enum Kind kind = kind_of(out);
        int wide = kind == SCALAR64 || kind == ARRAY64;
        if (kind == OTHER) {
            Py_DECREF(out);
            goto done;
        }
        if ((wide ? S.float64_dtype : S.float32_dtype) != dtype) {
            types = types_of(inputs, count);
            if (types == NULL) {
                Py_DECREF(out);
                goto done;
            }
        }
    }
    result = new_tensor(out);
    if (result != NULL && recording && mask) {
        plan = plan_for(row, mask, count);
        shapes = shapes_of(inputs, count);
        params = params_of(arguments + count, names);
        if (plan == NULL || shapes == NULL || params == NULL ||
            record(result, plan, inputs, count, shapes, params, types) != COMMON) {
            Py_CLEAR(result);
        }
    }
done:
    Py_XDECREF(plan);
    Py_XDECREF(shapes);
    Py_XDECREF(params);
    Py_XDECREF(types);
    clear_inputs(inputs, count);
    return result;
}

/* `extra`, newly made, with a view in it. Takes over nothing. */
static PyObject *
new_extra(PyObject *view, PyObject *number)
{
    PyObject *extra = ((PyTypeObject *)S.Extra)->tp_alloc((PyTypeObject *)S.Extra, 0);
    if (extra != NULL) {
        SLOT(extra, S.x_number) = Py_NewRef(number);
        SLOT(extra, S.x_view) = Py_NewRef(view);
        SLOT(extra, S.x_hooks) = Py_NewRef(Py_None);
        SLOT(extra, S.x_grad) = Py_NewRef(Py_None);
        SLOT(extra, S.x_retains) = Py_NewRef(Py_False);
        SLOT(extra, S.x_grad_dtype) = Py_NewRef(Py_Ellipsis);
        SLOT(extra, S.x_cast) = Py_NewRef(Py_None);
        SLOT(extra, S.x_turned) = Py_NewRef(S.empty);
    }
    return extra;
}

/* Where views of a tensor come from: the base, the way to the tensor, how they are made. */
typedef struct {
    PyObject *base, *chain, *made;
    PyObject *counter; /* of all that share the memory */
    PyObject *turns;
} Source;

static void
clear_source(Source *source)
{
    Py_CLEAR(source->base);
    Py_CLEAR(source->chain);
    Py_CLEAR(source->made);
    Py_CLEAR(source->counter);
    Py_CLEAR(source->turns);
}

static enum Answer
read_source(PyObject *tensor, PyObject *made, Source *source)
{
    PyObject *extra = SLOT(tensor, S.t_extra);
    PyObject *view = extra == Py_None ? Py_None : SLOT(extra, S.x_view);
    if (view == Py_None) {
        source->base = Py_NewRef(tensor);
        source->chain = Py_NewRef(S.empty);
        source->made = Py_NewRef(made);
    } else {
        source->base = Py_NewRef(SLOT(view, S.v_base));
        source->chain = Py_NewRef(SLOT(view, S.v_chain));
        source->made = Py_NewRef(made == S.made_normal ? SLOT(view, S.v_made) : made);
    }
    PyObject *counter = counter_of(tensor);
    if (counter == NULL || SLOT(source->base, S.t_counter) != counter) {
        return PyErr_Occurred() ? FAILED : UNCOMMON;
    }
    source->counter = Py_NewRef(counter);
    PyObject *base_extra = SLOT(source->base, S.t_extra);
    Py_ssize_t turns = 0;
    if (base_extra != Py_None) {
        turns = PyTuple_GET_SIZE(SLOT(base_extra, S.x_turned));
    }
    if (view != Py_None && PyLong_AsSsize_t(SLOT(view, S.v_turns)) != turns) {
        return UNCOMMON; /* the base was turned in place since */
    }
    source->turns = PyLong_FromSsize_t(turns);
    return source->turns == NULL ? FAILED : COMMON;
}

/* Make a tensor known as a view; step: what leads to it, from the source. */
static int
link_view(PyObject *result, Source *source, PyObject *step, PyObject *number)
{
    PyTypeObject *type = (PyTypeObject *)S.ViewOf;
    Py_ssize_t length = PyTuple_GET_SIZE(source->chain);
    PyObject *chain = PyTuple_New(length + 1), *view = type->tp_alloc(type, 0), *extra = NULL;
    if (chain != NULL && view != NULL) {
        for (Py_ssize_t i = 0; i < length; i++) {
            PyTuple_SET_ITEM(chain, i, Py_NewRef(PyTuple_GET_ITEM(source->chain, i)));
        }
        PyTuple_SET_ITEM(chain, length, Py_NewRef(step));
        SLOT(view, S.v_base) = Py_NewRef(source->base);
        SLOT(view, S.v_chain) = Py_NewRef(chain);
        SLOT(view, S.v_made) = Py_NewRef(source->made);
        SLOT(view, S.v_version) = Py_NewRef(PyList_GET_ITEM(source->counter, 0));
        SLOT(view, S.v_turns) = Py_NewRef(source->turns);
        extra = new_extra(view, number);
    }
    if (extra != NULL) {
        Py_SETREF(SLOT(result, S.t_extra), extra);
        Py_SETREF(SLOT(result, S.t_counter), Py_NewRef(source->counter));
    }
    Py_XDECREF(chain);
    Py_XDECREF(view);
    return extra == NULL ? -1 : 0;
}

/* (array.shape, array.dtype) of each array. */
static PyObject *
meta_of(PyObject *arrays)
{
    Py_ssize_t count = PySequence_Fast_GET_SIZE(arrays);
    PyObject *meta = PyList_New(count);
    for (Py_ssize_t i = 0; meta != NULL && i < count; i++) {
        PyObject *array = PySequence_Fast_GET_ITEM(arrays, i), *shape = shape_of(array);
        PyObject *dtype = (PyObject *)PyArray_DESCR((PyArrayObject *)array);
        PyObject *pair = shape == NULL ? NULL : PyTuple_Pack(2, shape, dtype);
        Py_XDECREF(shape);
        if (pair == NULL) {
            Py_CLEAR(meta);
            break;
        }
        PyList_SET_ITEM(meta, i, pair);
    }
    return meta;
}

/* The tensors around the views that a kernel gave. */
static PyObject *
wrap_views(PyObject *row, PyObject *arrays, PyObject *node, Source *source, PyObject *params,
           PyObject *shape)
{
    Py_ssize_t count = PySequence_Fast_GET_SIZE(arrays);
    PyObject *results = PyTuple_New(count);
    for (Py_ssize_t i = 0; results != NULL && i < count; i++) {
        PyObject *result = new_tensor(Py_NewRef(PySequence_Fast_GET_ITEM(arrays, i)));
        PyObject *place = PyLong_FromSsize_t(i);
        PyObject *which = place == NULL ? NULL : PyTuple_Pack(2, params, place);
        PyObject *step = which == NULL ? NULL : PyTuple_Pack(3, row, which, shape);
        PyObject *number = node == NULL ? S.zero : place;
        if (result == NULL || step == NULL || link_view(result, source, step, number) < 0) {
            Py_XDECREF(result);
            Py_CLEAR(results);
        } else {
            if (node != NULL) {
                Py_SETREF(SLOT(result, S.t_node), Py_NewRef(node));
            }
            PyTuple_SET_ITEM(results, i, result);
        }
        Py_XDECREF(place);
        Py_XDECREF(which);
        Py_XDECREF(step);
    }
    return results;
}

/* A view of a tensor, or (several) the views that one operation gives. */
PyObject *
straight_view(PyObject *row, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
              int several)
{
    Input input;
    Source source = {NULL, NULL, NULL, NULL, NULL};
    int recording;
    PyObject *out = NULL, *result = NULL, *node = NULL, *shape = NULL, *params = NULL;
    PyObject *step = NULL, *shapes = NULL, *plan = NULL;
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if (count != 1 || named > MOST || !IS(arguments[0], Tensor) ||
        read_mode(&recording) != COMMON ||
        read_input(arguments[0], recording, &input) != COMMON) {
        return NULL;
    }
    PyObject *made = recording ? (several ? S.made_multiple : S.made_normal) : S.made_no_grad;
    if (!IS_ARRAY(input.kind)) { /* a scalar: a view needs memory to share */
        Py_SETREF(input.data, PyObject_CallOneArg(S.storage, arguments[0]));
        if (input.data == NULL) {
            goto done;
        }
    }
    if (read_source(arguments[0], made, &source) != COMMON) {
        goto done;
    }
    out = compute(row, &input, 1, arguments + 1, names, 0);
    if (out != NULL && several) {
        Py_SETREF(out, PySequence_Fast(out, "a kernel of several views gives a sequence"));
    }
    if (out == NULL) {
        goto done;
    }
    shape = shape_of(input.data);
    params = params_of(arguments + 1, names);
    if (shape == NULL || params == NULL) {
        goto done;
    }
    if (!several) {
        result = new_tensor(Py_NewRef(out));
        step = PyTuple_Pack(3, row, params, shape);
        if (result == NULL || step == NULL || link_view(result, &source, step, S.zero) < 0) {
            Py_CLEAR(result);
            goto done;
        }
    }
    if (input.edge != NULL) {
        plan = plan_for(row, 1, 1);
        shapes = plan == NULL ? NULL : PyTuple_Pack(1, shape);
        if (shapes == NULL) {
            Py_CLEAR(result);
            goto done;
        }
        if (!several) {
            if (record(result, plan, &input, 1, shapes, params, NULL) != COMMON) {
                Py_CLEAR(result);
            }
            goto done;
        }
        node = new_node(S.SeveralOperation, plan, &input, 1, shapes, params);
        PyObject *meta = node == NULL ? NULL : meta_of(out);
        if (meta == NULL) {
            goto done;
        }
        SLOT(node, S.o_saved) = Py_NewRef(Py_None);
        SLOT(node, S.n_counters) = Py_NewRef(Py_None);
        SLOT(node, S.g_types) = Py_NewRef(Py_None);
        SLOT(node, S.g_output_meta) = meta;
    }
    if (several) {
        result = wrap_views(row, out, node, &source, params, shape);
    }
done:
    Py_XDECREF(out);
    Py_XDECREF(node);
    Py_XDECREF(shape);
    Py_XDECREF(params);
    Py_XDECREF(step);
    Py_XDECREF(shapes);
    Py_XDECREF(plan);
    clear_source(&source);
    clear_inputs(&input, 1);
    return result;
}
