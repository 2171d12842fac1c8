/* The walk's common steps: `_follow` of `backward.py`, compiled.

   What is unusual about a node (hooks, other classes) is left to the Python methods of the walk,
   node by node. */

#include "walk.h"

enum Form { ALONE, ONE, TWO, XP_ONE, ANY }; /* of a rule's call, as in plan.py */

static PyObject *
call_rule(Pass *pass, PyObject *node, PyObject *step, PyObject *position, PyObject *cotangent,
          PyObject *like, PyObject *const *saved, Py_ssize_t count, int last)
{
    PyObject *rule = PyTuple_GET_ITEM(step, 2);
    PyObject *stack[5];
    long form = PyLong_AsLong(PyTuple_GET_ITEM(step, 1));
    long first = PyLong_AsLong(PyTuple_GET_ITEM(step, 3));
    PyObject *into = PyTuple_GET_ITEM(step, 5);
    if (last && into != Py_None && form <= TWO && is_free(pass, cotangent)) {
        /* the cotangent's memory is not needed any more */
        Py_ssize_t operands = form == ALONE ? 1 : 2;
        stack[0] = cotangent;
        stack[1] = form == ALONE ? NULL : saved[first];
        stack[operands] = cotangent;
        if (form == ALONE || kind_of(stack[1]) == kind_of(cotangent) ||
            PyFloat_CheckExact(stack[1])) {
            PyObject *result = PyObject_Vectorcall(into, stack, (size_t)operands + 1, NULL);
            if (result != Py_None) {
                return result;
            }
            Py_DECREF(result); /* it does not take these */
        }
    }
    switch (form) {
    case ALONE:
        return PyObject_CallOneArg(rule, cotangent);
    case ONE:
        stack[0] = cotangent;
        stack[1] = saved[first];
        return PyObject_Vectorcall(rule, stack, 2, NULL);
    case TWO:
        stack[0] = cotangent;
        stack[1] = saved[first];
        stack[2] = saved[PyLong_AsLong(PyTuple_GET_ITEM(step, 4))];
        return PyObject_Vectorcall(rule, stack, 3, NULL);
    default:
        break;
    }
    PyObject *xp = pass->tensors ? PyObject_CallMethodNoArgs(like, S.array_namespace)
                                 : Py_NewRef(pass->namespace);
    PyObject *result = NULL;
    if (xp != NULL && form == XP_ONE) {
        stack[0] = xp;
        stack[1] = cotangent;
        stack[2] = saved[first];
        result = PyObject_Vectorcall(rule, stack, 3, NULL);
    } else if (xp != NULL) {
        PyObject *values = PyTuple_New(count);
        for (Py_ssize_t i = 0; values != NULL && i < count; i++) {
            PyTuple_SET_ITEM(values, i, Py_NewRef(saved[i]));
        }
        if (values != NULL) {
            stack[0] = node;
            stack[1] = position;
            stack[2] = cotangent;
            stack[3] = values;
            stack[4] = xp;
            result = PyObject_Vectorcall(rule, stack, 5, NULL);
            Py_DECREF(values);
        }
    }
    Py_XDECREF(xp);
    return result;
}

/* Whether an array has the sizes that a tuple says. */
static int
has_shape(PyObject *data, PyObject *shape)
{
    PyArrayObject *array = (PyArrayObject *)data;
    int ndim = (PyObject *)Py_TYPE(data) == S.ndarray ? PyArray_NDIM(array) : 0;
    if (ndim != PyTuple_GET_SIZE(shape)) {
        return 0;
    }
    for (int i = 0; i < ndim; i++) {
        if (PyArray_DIM(array, i) != PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, i))) {
            return 0;
        }
    }
    return 1;
}

/* Whether what a rule gave can be passed on as it is: in shape, and among bare arrays in dtype. */
static int
fits(Pass *pass, PyObject *node, long position, PyObject *cotangent, PyObject *result)
{
    if (pass->tensors) {
        if (!IS(result, Tensor)) {
            return 0;
        }
        cotangent = SLOT(cotangent, S.t_data);
        result = SLOT(result, S.t_data);
    }
    enum Kind given = kind_of(cotangent), made = kind_of(result);
    if (given == OTHER || made == OTHER || (!pass->tensors && IS_WIDE(given) != IS_WIDE(made))) {
        return 0;
    }
    PyObject *shapes = SLOT(node, S.o_shapes);
    if (shapes != Py_None) {
        return has_shape(result, PyTuple_GET_ITEM(shapes, position));
    }
    if (IS_ARRAY(made) && IS_ARRAY(given)) {
        return same_shape(result, cotangent);
    }
    return (!IS_ARRAY(made) || !PyArray_NDIM((PyArrayObject *)result)) &&
           (!IS_ARRAY(given) || !PyArray_NDIM((PyArrayObject *)cotangent));
}

#define MOST_SAVED 8

/* The saved values as tensors that know where they came from; owned. Another thread may release
   the node while they are made. */
static enum Answer
saved_tensors(PyObject *node, PyObject *saved, PyObject **tensors)
{
    PyObject *sources = SLOT(SLOT(node, S.o_plan), S.p_sources);
    PyObject *edges = SLOT(node, S.n_edges), *numbers = SLOT(node, S.o_numbers);
    PyObject *counters = Py_NewRef(SLOT(node, S.n_counters));
    Py_ssize_t count = PyTuple_GET_SIZE(saved), made = 0;
    enum Answer answer = UNCOMMON;
    Py_INCREF(saved);
    for (; made < count; made++) {
        PyObject *value = PyTuple_GET_ITEM(saved, made);
        long source = PyLong_AsLong(PyTuple_GET_ITEM(sources, made));
        if (PyFloat_CheckExact(value) || PyLong_CheckExact(value)) {
            tensors[made] = Py_NewRef(value);
            continue;
        }
        if (kind_of(value) == OTHER || source < -1) {
            goto done;
        }
        if (source >= 0 && numbers != Py_None &&
            PyLong_AsLong(PyTuple_GET_ITEM(numbers, source))) {
            goto done; /* the output of an operation with several */
        }
        tensors[made] = new_tensor(Py_NewRef(value));
        if (tensors[made] == NULL) {
            answer = FAILED;
            goto done;
        }
        PyObject *edge = source < 0 ? node : PyTuple_GET_ITEM(edges, source);
        Py_SETREF(SLOT(tensors[made], S.t_node), Py_NewRef(edge));
    }
    answer = COMMON;
    for (Py_ssize_t i = 0; i + 2 < PyTuple_GET_SIZE(counters); i += 3) {
        PyObject *tensor = tensors[PyLong_AsLong(PyTuple_GET_ITEM(counters, i + 2))];
        if (IS(tensor, Tensor)) { /* the next order notices writes, too */
            Py_SETREF(SLOT(tensor, S.t_counter), Py_NewRef(PyTuple_GET_ITEM(counters, i)));
        }
    }
done:
    while (answer != COMMON && made--) {
        Py_DECREF(tensors[made]);
    }
    Py_DECREF(saved);
    Py_DECREF(counters);
    return answer;
}

/* Run one node's rules and deliver what they give. cotangent: of the output, or a list; like: one
   of them, whose dtype and namespace are those of the results. */
static int
run_rules(Pass *pass, PyObject *node, PyObject *cotangent, PyObject *like, PyObject *const *saved,
          Py_ssize_t count)
{
    PyObject *plan = SLOT(node, S.o_plan), *edges = SLOT(node, S.n_edges);
    PyObject *walked = SLOT(plan, S.p_walked);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(walked); i++) {
        PyObject *step = PyTuple_GET_ITEM(walked, i), *where = PyTuple_GET_ITEM(step, 0);
        long position = PyLong_AsLong(where);
        PyObject *edge = PyTuple_GET_ITEM(edges, position);
        if (pass->needed != NULL) {
            int wanted = PyDict_Contains(pass->needed, edge);
            if (wanted <= 0) {
                if (wanted < 0) {
                    return -1;
                }
                continue;
            }
        }
        if (PyTuple_GET_ITEM(step, 5) == S.negative && SLOT(node, S.o_shapes) == Py_None) {
            enum Answer answer = deliver_negative(pass, edge, cotangent);
            if (answer == FAILED) {
                return -1;
            }
            if (answer == COMMON) {
                continue;
            }
        }
        int last = i + 1 == PyTuple_GET_SIZE(walked);
        PyObject *result = call_rule(pass, node, step, where, cotangent, like, saved, count, last);
        if (result == NULL) {
            return -1;
        }
        if (!fits(pass, node, position, like, result)) {
            PyObject *stack[4] = {node, result, where, like};
            PyObject *fitted = PyObject_VectorcallMethod(S.fitted, stack, 4, NULL);
            Py_DECREF(result);
            if (fitted == NULL) {
                return -1;
            }
            result = fitted;
        }
        if (deliver(pass, node, position, edge, result) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
release(PyObject *node)
{
    if (PyObject_IsTrue(SLOT(SLOT(node, S.o_plan), S.p_indexed))) {
        PyObject *done = PyObject_CallMethodNoArgs(node, S.release);
        Py_XDECREF(done);
        return done == NULL ? -1 : 0;
    }
    if (SLOT(node, S.o_saved) != Py_None) {
        Py_SETREF(SLOT(node, S.o_saved), Py_NewRef(S.freed));
        Py_SETREF(SLOT(node, S.n_counters), Py_NewRef(S.freed_counters));
    }
    return 0;
}

/* Whether a node is one whose rules may be run here. */
static int
is_plain(Pass *pass, PyObject *node, PyObject *cotangent)
{
    if (pass->tensors) {
        if (!IS(cotangent, Tensor) || kind_of(SLOT(cotangent, S.t_data)) == OTHER) {
            return 0;
        }
    } else if (kind_of(cotangent) == OTHER) {
        return 0;
    }
    PyObject *saved = SLOT(node, S.o_saved);
    return saved == Py_None || (PyTuple_CheckExact(saved) && PyTuple_GET_SIZE(saved) <= MOST_SAVED);
}

/* Whether two cotangents are of one dtype. */
static int
same_kind(Pass *pass, PyObject *first, PyObject *second)
{
    PyObject *a = pass->tensors ? SLOT(first, S.t_data) : first;
    PyObject *b = pass->tensors ? SLOT(second, S.t_data) : second;
    return kind_of(a) == kind_of(b);
}

static int
step(Pass *pass, PyObject *node, PyObject *cotangent, PyObject *like)
{
    PyObject *saved = SLOT(node, S.o_saved), *tensors[MOST_SAVED];
    Py_ssize_t count = saved == Py_None ? 0 : PyTuple_GET_SIZE(saved);
    int status;
    if (!pass->tensors) {
        Py_INCREF(saved); /* a rule may be the last to hold the node's values */
        status = run_rules(pass, node, cotangent, like,
                           count ? &PyTuple_GET_ITEM(saved, 0) : NULL, count);
        Py_DECREF(saved);
    } else {
        enum Answer answer = count ? saved_tensors(node, saved, tensors) : COMMON;
        if (answer != COMMON) {
            return answer == FAILED ? -1 : 1;
        }
        status = run_rules(pass, node, cotangent, like, tensors, count);
        while (count--) {
            Py_DECREF(tensors[count]);
        }
    }
    return status < 0 || pass->retain ? status : release(node);
}

/* The cotangents of a node's outputs as a list, where all have arrived; uncommon: otherwise. */
static enum Answer
list_parts(Pass *pass, PyObject *node, PyObject *parts, PyObject **list)
{
    PyObject *meta = SLOT(node, S.g_output_meta), *first = NULL;
    if (!PyDict_CheckExact(parts) || !PyList_CheckExact(meta) ||
        SLOT(node, S.g_types) != Py_None || PyDict_GET_SIZE(parts) != PyList_GET_SIZE(meta) ||
        SLOT(SLOT(node, S.o_plan), S.p_conjugate) != Py_False) {
        return UNCOMMON;
    }
    Py_ssize_t count = PyList_GET_SIZE(meta);
    *list = PyList_New(count);
    for (Py_ssize_t i = 0; *list != NULL && i < count; i++) {
        PyObject *number = PyLong_FromSsize_t(i);
        PyObject *part = number == NULL ? NULL : PyDict_GetItemWithError(parts, number);
        Py_XDECREF(number);
        if (part == NULL || !is_plain(pass, node, part) ||
            (first != NULL && !same_kind(pass, first, part))) {
            Py_CLEAR(*list);
            return PyErr_Occurred() ? FAILED : UNCOMMON;
        }
        first = first == NULL ? part : first;
        PyList_SET_ITEM(*list, i, Py_NewRef(part));
    }
    return *list == NULL ? FAILED : COMMON;
}

/* Run a node here, where that is possible, or by the walk's own method. */
static int
take_turn(Pass *pass, PyObject *node)
{
    int several = IS(node, SeveralOperation), status = 1;
    if (pass->needed != NULL) {
        int wanted = PyDict_Contains(pass->needed, node);
        if (wanted <= 0) {
            return wanted;
        }
    }
    if ((several || IS(node, Operation)) && SLOT(node, S.n_hooks) == Py_None &&
        SLOT(pass->walk, S.w_watched) == Py_False) {
        PyObject *arrived = PyDict_GetItemWithError(pass->arrived, node), *cotangent = NULL;
        enum Answer answer = UNCOMMON;
        if (arrived == NULL) {
            answer = PyErr_Occurred() ? FAILED : UNCOMMON;
        } else if (several) {
            answer = list_parts(pass, node, arrived, &cotangent);
        } else if (is_plain(pass, node, arrived)) {
            cotangent = Py_NewRef(arrived);
            answer = COMMON;
        }
        if (answer == FAILED) {
            return -1;
        }
        if (answer == COMMON) {
            PyObject *like = several ? PyList_GET_ITEM(cotangent, 0) : cotangent;
            Py_INCREF(arrived);
            status = PyDict_DelItem(pass->arrived, node);
            if (status == 0) {
                PyObject *kept = several ? arrived : NULL;
                if (!several) {
                    Py_CLEAR(arrived); /* so that the cotangent has one holder here */
                }
                status = step(pass, node, cotangent, like);
                arrived = kept == NULL ? Py_NewRef(cotangent) : kept;
                if (status == 1) { /* not here after all */
                    status = PyDict_SetItem(pass->arrived, node, arrived) < 0 ? -1 : 1;
                }
            }
            Py_DECREF(arrived);
            Py_DECREF(cotangent);
        }
    }
    if (status == 1) {
        PyObject *done = PyObject_CallMethodOneArg(pass->walk, S.visit, node);
        status = done == NULL ? -1 : 0;
        Py_XDECREF(done);
    }
    return status;
}

/* follow(walk, order, arithmetic, needed, retain_graph): run the nodes, latest first. */
PyObject *
follow(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 5 || !PyList_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "follow(walk, order, arithmetic, needed, retain_graph)");
        return NULL;
    }
    Pass pass = {
        .walk = arguments[0],
        .arithmetic = arguments[2],
        .needed = arguments[3] == Py_None ? NULL : arguments[3],
        .pending = SLOT(arguments[0], S.w_pending),
        .arrived = SLOT(arguments[0], S.w_arrived),
        .retain = PyObject_IsTrue(arguments[4]),
    };
    PyObject *order = arguments[1], *result = NULL;
    PyObject *create_graph = PyObject_GetAttr(pass.arithmetic, S.create_graph);
    pass.tensors = create_graph == Py_True;
    pass.bare = !pass.tensors && SLOT(pass.walk, S.w_accumulate) == Py_True &&
                PySet_Check(SLOT(pass.walk, S.w_sought)) &&
                !PySet_GET_SIZE(SLOT(pass.walk, S.w_sought));
    pass.plus = PyObject_GetAttr(pass.arithmetic, S.plus);
    pass.add_into = PyObject_GetAttr(pass.arithmetic, S.add_into);
    pass.namespace = PyObject_GetAttr(pass.arithmetic, S.namespace);
    if (pass.retain < 0 || create_graph == NULL || pass.plus == NULL || pass.add_into == NULL ||
        pass.namespace == NULL) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(order); i++) {
        if (take_turn(&pass, PyList_GET_ITEM(order, i)) < 0 ||
            (!(i & 255) && PyErr_CheckSignals() < 0)) {
            goto done;
        }
    }
    result = Py_NewRef(Py_None);
done:
    Py_XDECREF(create_graph);
    Py_XDECREF(pass.plus);
    Py_XDECREF(pass.add_into);
    Py_XDECREF(pass.namespace);
    return result;
}
