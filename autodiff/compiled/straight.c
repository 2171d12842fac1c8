/* Elementwise operations on real tensors of one floating-point dtype: `straight.py`, compiled.

   Answers NULL without an exception where the case is not the common one; the caller then asks
   the Python function, which knows all cases. Nothing has changed by then. */

#include "core.h"

/* A number, or a tensor in the form in which kernels want it: 0-d arrays as scalars. */
static enum Answer
read_operand(PyObject *value, int recording, Input *input)
{
    if (!IS(value, Tensor)) {
        if (!PyFloat_CheckExact(value) && !PyLong_CheckExact(value)) {
            return UNCOMMON;
        }
        input->tensor = input->edge = NULL;
        input->number = 0;
        input->data = Py_NewRef(value);
        input->kind = NUMBER;
        return COMMON;
    }
    enum Answer answer = read_input(value, recording, input);
    if (answer == COMMON && IS_ARRAY(input->kind) &&
        !PyArray_NDIM((PyArrayObject *)input->data)) {
        PyObject *scalar = PyObject_GetItem(input->data, S.empty);
        if (scalar == NULL) {
            clear_inputs(input, 1);
            return FAILED;
        }
        Py_SETREF(input->data, scalar);
        input->kind = input->kind == ARRAY32 ? SCALAR32 : SCALAR64;
    }
    return answer;
}

/* The shapes of two inputs, where they differ: broadcasting is undone on the way back. */
static PyObject *
shapes_of(Input *inputs, Py_ssize_t count)
{
    if (count < 2 || !IS_ARRAY(inputs[0].kind) || !IS_ARRAY(inputs[1].kind) ||
        same_shape(inputs[0].data, inputs[1].data)) {
        return Py_NewRef(Py_None);
    }
    PyObject *shapes = PyTuple_New(2);
    for (int i = 0; shapes != NULL && i < 2; i++) {
        PyObject *shape = shape_of(inputs[i].data);
        if (shape == NULL) {
            Py_CLEAR(shapes);
            break;
        }
        PyTuple_SET_ITEM(shapes, i, shape);
    }
    return shapes;
}

PyObject *
straight_elementwise(PyObject *row, PyObject *const *arguments, Py_ssize_t count, int traits)
{
    Input inputs[2];
    int recording;
    PyObject *result = NULL, *out = NULL, *shapes = NULL, *plan = NULL;
    if (!IS(arguments[0], Tensor) || read_mode(&recording) != COMMON) {
        return NULL;
    }
    recording = recording && !(traits & UNRECORDED);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (read_operand(arguments[i], recording, &inputs[i]) != COMMON) {
            clear_inputs(inputs, i);
            return NULL;
        }
    }
    if (count == 2 && inputs[1].kind != NUMBER && inputs[1].kind != inputs[0].kind) {
        goto done;
    }
    PyObject *data[2] = {inputs[0].data, count == 2 ? inputs[1].data : NULL};
    if (run_kernel(SLOT(row, S.r_numpy_kernel), data, count, NULL, &out) != COMMON) {
        if (PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear(); /* the Python function explains it */
        }
        goto done;
    }
    result = new_tensor(out);
    if (result == NULL || !recording) {
        goto done;
    }
    long mask = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        mask |= (long)(inputs[i].edge != NULL) << i;
    }
    if (mask) {
        plan = plan_for(row, mask, count);
        shapes = shapes_of(inputs, count);
        if (plan == NULL || shapes == NULL ||
            record(result, plan, inputs, count, shapes, Py_None, NULL) != COMMON) {
            Py_CLEAR(result);
        }
    }
done:
    Py_XDECREF(plan);
    Py_XDECREF(shapes);
    clear_inputs(inputs, count);
    return result;
}
