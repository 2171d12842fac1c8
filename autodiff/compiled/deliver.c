/* Where a cotangent goes: it is added up at nodes and leaves, in place where nobody else looks.

   What is unusual about a leaf (hooks, casts, a gradient that is there already) is left to
   `Walk.finish`. */

#include "walk.h"

/* Whether an array may be written to: nobody else holds it, or memory of which it is a view. */
int
is_free(Pass *pass, PyObject *array)
{
    return !pass->tensors && IS_ARRAY(kind_of(array)) && Py_REFCNT(array) == 1 &&
           PyArray_BASE((PyArrayObject *)array) == NULL &&
           PyArray_ISWRITEABLE((PyArrayObject *)array);
}

/* The sum of what had arrived and what arrives, in the memory of the first where that is free. */
static PyObject *
added(Pass *pass, PyObject *mine, PyObject *other)
{
    PyObject *pair[2] = {mine, other};
    int own = !pass->tensors && (PyObject *)Py_TYPE(mine) == S.ndarray && Py_REFCNT(mine) == 1;
    if (is_free(pass, mine) && kind_of(mine) == kind_of(other) && same_shape(mine, other)) {
        return PyNumber_InPlaceAdd(mine, other);
    }
    return PyObject_Vectorcall(own ? pass->add_into : pass->plus, pair, 2, NULL);
}

/* Hand a result to a node of several outputs, whose cotangents are kept by number. */
static int
deliver_part(Pass *pass, PyObject *node, long position, PyObject *edge, PyObject *result)
{
    PyObject *numbers = SLOT(node, S.o_numbers);
    PyObject *number = numbers == Py_None ? S.zero : PyTuple_GET_ITEM(numbers, position);
    PyObject *parts = PyDict_GetItemWithError(pass->arrived, edge);
    int status = parts == NULL && PyErr_Occurred() ? -1 : 0;
    Py_XINCREF(parts);
    if (parts == NULL && !status) {
        parts = PyDict_New();
        status = parts == NULL ? -1 : PyDict_SetItem(pass->arrived, edge, parts);
    }
    PyObject *mine = status ? NULL : PyDict_GetItemWithError(parts, number);
    if (mine != NULL) {
        PyObject *pair[2] = {mine, result};
        Py_INCREF(mine);
        Py_SETREF(result, PyObject_Vectorcall(pass->plus, pair, 2, NULL));
        Py_DECREF(mine);
    }
    if (!status) {
        status = result == NULL || PyErr_Occurred() ? -1 : PyDict_SetItem(parts, number, result);
    }
    Py_XDECREF(parts);
    Py_XDECREF(result);
    return status;
}

/* Keep the cotangent of a leaf for whom it was asked. Uncommon: hooks, casts. */
static enum Answer
capture(Pass *pass, PyObject *leaf)
{
    PyObject *state = SLOT(SLOT(leaf, S.a_variable), S.t_leaf);
    PyObject *cotangent = PyDict_GetItemWithError(pass->arrived, leaf);
    if (cotangent == NULL || SLOT(leaf, S.n_hooks) != Py_None || SLOT(leaf, S.a_cast) != Py_None ||
        (state != Py_None && SLOT(state, S.l_post_hooks) != Py_None)) {
        return PyErr_Occurred() ? FAILED : UNCOMMON;
    }
    PyObject *edge = PyTuple_Pack(2, leaf, S.zero);
    int status = edge == NULL ? -1 : PySet_Contains(SLOT(pass->walk, S.w_sought), edge);
    if (status == 1) {
        status = PyDict_SetItem(SLOT(pass->walk, S.w_captured), edge, cotangent);
    }
    Py_XDECREF(edge);
    return status < 0 || PyDict_DelItem(pass->arrived, leaf) < 0 ? FAILED : COMMON;
}

/* Add a first gradient to a leaf with which nothing is unusual. Uncommon: all else. */
static enum Answer
accumulate(Pass *pass, PyObject *leaf)
{
    if (SLOT(pass->walk, S.w_accumulate) == Py_False) {
        return capture(pass, leaf);
    }
    PyObject *variable = SLOT(leaf, S.a_variable), *state = SLOT(variable, S.t_leaf);
    int asked = pass->needed == NULL ? 1 : PyDict_Contains(pass->needed, leaf);
    PyObject *cotangent = PyDict_GetItemWithError(pass->arrived, leaf);
    if (!pass->bare || cotangent == NULL || state == Py_None ||
        SLOT(leaf, S.n_hooks) != Py_None || SLOT(leaf, S.a_cast) != Py_None ||
        SLOT(state, S.l_grad) != Py_None || SLOT(state, S.l_post_hooks) != Py_None ||
        asked != 1) {
        return PyErr_Occurred() ? FAILED : UNCOMMON;
    }
    PyObject *data = SLOT(variable, S.t_data);
    if ((PyObject *)Py_TYPE(cotangent) == S.ndarray) { /* it must be the leaf's own memory */
        PyArrayObject *array = (PyArrayObject *)cotangent;
        if (Py_REFCNT(cotangent) != 1 || PyArray_BASE(array) != NULL ||
            (PyObject *)Py_TYPE(data) != S.ndarray || !same_shape(data, cotangent) ||
            (PyArray_NDIM(array) &&
             memcmp(PyArray_STRIDES((PyArrayObject *)data), PyArray_STRIDES(array),
                    (size_t)PyArray_NDIM(array) * sizeof(npy_intp)))) {
            return UNCOMMON;
        }
    }
    PyObject *gradient = new_tensor(Py_NewRef(cotangent));
    enum Answer free = gradient == NULL ? FAILED : lock(state);
    if (free == COMMON && SLOT(state, S.l_grad) != Py_None) { /* another thread was first */
        free = unlock(state) < 0 ? FAILED : UNCOMMON;
    }
    if (free != COMMON) {
        Py_XDECREF(gradient);
        return free;
    }
    Py_SETREF(SLOT(state, S.l_grad), gradient);
    return unlock(state) < 0 || PyDict_DelItem(pass->arrived, leaf) < 0 ? FAILED : COMMON;
}

/* One edge to a leaf less has yet to deliver; after the last the leaf gets its gradient. */
static int
count_down(Pass *pass, PyObject *edge)
{
    PyObject *left = PyDict_GetItemWithError(pass->pending, edge);
    if (left == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetObject(PyExc_KeyError, edge);
        }
        return -1;
    }
    long count = PyLong_AsLong(left) - 1;
    PyObject *remaining = PyLong_FromLong(count);
    int status = remaining == NULL ? -1 : PyDict_SetItem(pass->pending, edge, remaining);
    Py_XDECREF(remaining);
    enum Answer answer = status == 0 && count == 0 ? accumulate(pass, edge) : COMMON;
    if (answer == FAILED) {
        return -1;
    }
    if (answer == UNCOMMON) {
        PyObject *done = PyObject_CallMethodOneArg(pass->walk, S.finish, edge);
        Py_XDECREF(done);
        status = done == NULL ? -1 : 0;
    }
    return status;
}

/* Hand a rule's result, a reference to which is taken over, to the node that it belongs to. */
int
deliver(Pass *pass, PyObject *node, long position, PyObject *edge, PyObject *result)
{
    int leaf = IS(edge, AccumulateGrad), status = 0;
    if (IS(edge, SeveralOperation)) {
        return deliver_part(pass, node, position, edge, result);
    }
    if (!leaf && !IS(edge, Operation)) {
        PyObject *numbers = SLOT(node, S.o_numbers);
        PyObject *number = numbers == Py_None ? S.zero : PyTuple_GET_ITEM(numbers, position);
        PyObject *stack[4] = {pass->walk, edge, number, result};
        PyObject *done = PyObject_VectorcallMethod(S.arrive, stack, 4, NULL);
        Py_DECREF(result);
        Py_XDECREF(done);
        return done == NULL ? -1 : 0;
    }
    PyObject *mine = PyDict_GetItemWithError(pass->arrived, edge);
    if (mine == NULL && PyErr_Occurred()) {
        status = -1;
    } else if (mine == NULL) {
        status = PyDict_SetItem(pass->arrived, edge, result);
    } else {
        PyObject *sum = added(pass, mine, result);
        status = sum == NULL ? -1 : sum == mine ? 0 : PyDict_SetItem(pass->arrived, edge, sum);
        Py_XDECREF(sum);
    }
    Py_DECREF(result);
    return status < 0 || !leaf ? status : count_down(pass, edge);
}

/* Subtract a cotangent from what arrived at an edge before, where that has memory of its own: the
   same number as the sum with its negative, and one pass over memory less. */
enum Answer
deliver_negative(Pass *pass, PyObject *edge, PyObject *cotangent)
{
    int leaf = IS(edge, AccumulateGrad);
    PyObject *mine = leaf || IS(edge, Operation) ? PyDict_GetItemWithError(pass->arrived, edge) : NULL;
    if (mine == NULL) {
        return PyErr_Occurred() ? FAILED : UNCOMMON;
    }
    if (!is_free(pass, mine) || kind_of(mine) != kind_of(cotangent) ||
        !same_shape(mine, cotangent)) {
        return UNCOMMON;
    }
    PyObject *difference = PyNumber_InPlaceSubtract(mine, cotangent);
    Py_XDECREF(difference);
    return difference == NULL || (leaf && count_down(pass, edge) < 0) ? FAILED : COMMON;
}
