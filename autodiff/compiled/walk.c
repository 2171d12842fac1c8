/* The walk's survey and its common steps: `_survey` and `_follow` of `backward.py`, compiled.

   What is unusual about a node (hooks, several outputs, other classes) is left to the Python
   methods of the walk, node by node. */

#include "core.h"

/* survey ---------------------------------------------------------------------------------- */

typedef struct {
    long long number;
    PyObject *node; /* borrowed: `seen` holds it */
} Numbered;

static int
latest_first(const void *a, const void *b)
{
    long long first = ((const Numbered *)a)->number, second = ((const Numbered *)b)->number;
    return first < second ? 1 : first > second ? -1 : 0;
}

typedef struct {
    PyObject *pending; /* leaf -> how many edges lead to it */
    PyObject *seen;    /* set of all other nodes */
    Numbered *found;
    Py_ssize_t count, room;
} Survey;

/* Note a node that has not been seen. */
static int
discover(Survey *survey, PyObject *node)
{
    Py_ssize_t before = PySet_GET_SIZE(survey->seen);
    if (PySet_Add(survey->seen, node) < 0) {
        return -1;
    }
    if (PySet_GET_SIZE(survey->seen) == before) {
        return 0;
    }
    if (survey->count == survey->room) {
        Py_ssize_t room = 2 * survey->room + 64;
        Numbered *found = PyMem_Realloc(survey->found, (size_t)room * sizeof(Numbered));
        if (found == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        survey->found = found;
        survey->room = room;
    }
    long long number = PyLong_AsLongLong(SLOT(node, S.n_number));
    if (number == -1 && PyErr_Occurred()) {
        return -1;
    }
    survey->found[survey->count++] = (Numbered){number, node};
    return 0;
}

/* Add to the number of edges that lead to a leaf. */
static int
count_edge(PyObject *pending, PyObject *leaf, long more)
{
    PyObject *known = PyDict_GetItemWithError(pending, leaf);
    if (known == NULL && PyErr_Occurred()) {
        return -1;
    }
    PyObject *count = PyLong_FromLong(more ? (known == NULL ? 0 : PyLong_AsLong(known)) + more : 0);
    int status = count == NULL ? -1 : PyDict_SetItem(pending, leaf, count);
    Py_XDECREF(count);
    return status;
}

/* Whether what a node saved has been neither freed nor written to; -1 where there is an error. */
static int
is_sound(PyObject *node)
{
    PyObject *counters = SLOT(node, S.n_counters);
    if (counters == NULL || !PyTuple_CheckExact(counters)) {
        return 1;
    }
    for (Py_ssize_t i = 0; i + 2 < PyTuple_GET_SIZE(counters); i += 3) {
        PyObject *counter = PyTuple_GET_ITEM(counters, i);
        PyObject *then = PyTuple_GET_ITEM(counters, i + 1);
        PyObject *now = PyList_CheckExact(counter) ? Py_NewRef(PyList_GET_ITEM(counter, 0))
                                                   : PySequence_GetItem(counter, 0);
        int same = now == NULL ? -1 : now == then ? 1 : PyObject_RichCompareBool(now, then, Py_EQ);
        Py_XDECREF(now);
        if (same != 1) {
            return same;
        }
    }
    return 1;
}

static int
explore(Survey *survey, PyObject *node, int *sound)
{
    int answer = is_sound(node);
    if (answer < 0) {
        return -1;
    }
    *sound &= answer;
    PyObject *edges = PySequence_Fast(SLOT(node, S.n_edges), "edges must be a sequence");
    int status = edges == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; !status && i < PySequence_Fast_GET_SIZE(edges); i++) {
        PyObject *edge = PySequence_Fast_GET_ITEM(edges, i);
        if (edge != Py_None) {
            status = IS(edge, AccumulateGrad) ? count_edge(survey->pending, edge, 1)
                                              : discover(survey, edge);
        }
    }
    Py_XDECREF(edges);
    return status;
}

/* survey(roots) -> how many edges lead to each leaf; all other nodes, latest first; whether all
   is as saved. */
PyObject *
survey(PyObject *Py_UNUSED(module), PyObject *roots)
{
    Survey state = {PyDict_New(), PySet_New(NULL), NULL, 0, 0};
    PyObject *order = NULL, *result = NULL;
    int sound = 1;
    roots = PySequence_Fast(roots, "roots must be a sequence");
    if (roots == NULL || state.pending == NULL || state.seen == NULL) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(roots); i++) {
        PyObject *node = PyTuple_GET_ITEM(PySequence_Fast_GET_ITEM(roots, i), 0);
        int status = IS(node, AccumulateGrad) ? count_edge(state.pending, node, 0)
                                              : discover(&state, node);
        if (status < 0) {
            goto done;
        }
    }
    /* The array is the queue: whatever is discovered is appended, and its turn comes. */
    for (Py_ssize_t next = 0; next < state.count; next++) {
        if (explore(&state, state.found[next].node, &sound) < 0) {
            goto done;
        }
    }
    int sorted = 1;
    for (Py_ssize_t i = 1; sorted && i < state.count; i++) {
        sorted = state.found[i - 1].number > state.found[i].number;
    }
    if (!sorted) {
        qsort(state.found, (size_t)state.count, sizeof(Numbered), latest_first);
    }
    order = PyList_New(state.count);
    for (Py_ssize_t i = 0; order != NULL && i < state.count; i++) {
        PyList_SET_ITEM(order, i, Py_NewRef(state.found[i].node));
    }
    if (order != NULL) {
        result = PyTuple_Pack(3, state.pending, order, sound ? Py_True : Py_False);
    }
done:
    PyMem_Free(state.found);
    Py_XDECREF(roots);
    Py_XDECREF(state.pending);
    Py_XDECREF(state.seen);
    Py_XDECREF(order);
    return result;
}

/* needed(order, wanted) -> the nodes on the way to the wanted edges; True where the walk must go
   on beyond the node. */
PyObject *
needed(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !PyList_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "needed(order, wanted)");
        return NULL;
    }
    PyObject *order = arguments[0], *found = PyDict_New();
    PyObject *wanted = PySequence_Fast(arguments[1], "wanted must be a sequence");
    int status = found == NULL || wanted == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; !status && i < PySequence_Fast_GET_SIZE(wanted); i++) {
        PyObject *edge = PySequence_Fast_GET_ITEM(wanted, i);
        status = PyDict_SetItem(found, PyTuple_GET_ITEM(edge, 0), Py_False);
    }
    for (Py_ssize_t i = PyList_GET_SIZE(order) - 1; !status && i >= 0; i--) {
        PyObject *node = PyList_GET_ITEM(order, i);
        PyObject *edges = PySequence_Fast(SLOT(node, S.n_edges), "edges must be a sequence");
        int hit = edges == NULL ? -1 : 0;
        for (Py_ssize_t k = 0; !hit && k < PySequence_Fast_GET_SIZE(edges); k++) {
            PyObject *edge = PySequence_Fast_GET_ITEM(edges, k);
            hit = edge == Py_None ? 0 : PyDict_Contains(found, edge);
        }
        Py_XDECREF(edges);
        status = hit > 0 ? PyDict_SetItem(found, node, Py_True) : hit;
    }
    Py_XDECREF(wanted);
    if (status) {
        Py_CLEAR(found);
    }
    return found;
}

/* the steps ------------------------------------------------------------------------------- */

enum Form { ALONE, ONE, TWO, XP_ONE, ANY }; /* of a rule's call, as in plan.py */

typedef struct {
    PyObject *walk, *arithmetic;
    PyObject *needed; /* NULL: all */
    PyObject *pending, *arrived;
    PyObject *plus, *add_into; /* of cotangents */
    PyObject *namespace;       /* that rules are given; NULL where cotangents are tensors */
    int retain, tensors;
    int bare; /* whether leaves get bare arrays, and nobody asks for cotangents on the way */
} Pass;

static PyObject *
call_rule(Pass *pass, PyObject *node, PyObject *step, PyObject *position, PyObject *cotangent,
          PyObject *like, PyObject *const *saved)
{
    PyObject *rule = PyTuple_GET_ITEM(step, 2);
    PyObject *stack[5];
    long form = PyLong_AsLong(PyTuple_GET_ITEM(step, 1));
    long first = PyLong_AsLong(PyTuple_GET_ITEM(step, 3));
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
        PyObject *values = SLOT(node, S.o_saved);
        Py_INCREF(values);
        if (pass->tensors && values != Py_None) {
            Py_ssize_t count = PyTuple_GET_SIZE(values);
            Py_SETREF(values, PyTuple_New(count));
            for (Py_ssize_t i = 0; values != NULL && i < count; i++) {
                PyTuple_SET_ITEM(values, i, Py_NewRef(saved[i]));
            }
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

/* The sum of what had arrived and what arrives, in the memory of the first where that is free. */
static PyObject *
added(Pass *pass, PyObject *mine, PyObject *other)
{
    PyObject *pair[2] = {mine, other};
    int own = !pass->tensors && (PyObject *)Py_TYPE(mine) == S.ndarray && Py_REFCNT(mine) == 1;
    if (own && PyArray_BASE((PyArrayObject *)mine) == NULL &&
        (PyObject *)Py_TYPE(other) == S.ndarray && kind_of(mine) == kind_of(other) &&
        same_shape(mine, other)) {
        return PyNumber_InPlaceAdd(mine, other);
    }
    return PyObject_Vectorcall(own ? pass->add_into : pass->plus, pair, 2, NULL);
}

/* The same for a node of several outputs, whose cotangents are kept by number. */
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
    PyObject *cotangent = PyDict_GetItemWithError(pass->arrived, leaf);
    if (!pass->bare || cotangent == NULL || state == Py_None ||
        SLOT(leaf, S.n_hooks) != Py_None || SLOT(leaf, S.a_cast) != Py_None ||
        SLOT(state, S.l_grad) != Py_None || SLOT(state, S.l_post_hooks) != Py_None ||
        (pass->needed != NULL && PyDict_Contains(pass->needed, leaf) != 1)) {
        return PyErr_Occurred() ? FAILED : UNCOMMON;
    }
    PyObject *data = SLOT(variable, S.t_data);
    if ((PyObject *)Py_TYPE(cotangent) == S.ndarray) { /* it must be the leaf's own memory */
        PyArrayObject *array = (PyArrayObject *)cotangent;
        if (Py_REFCNT(cotangent) != 1 || PyArray_BASE(array) != NULL ||
            (PyObject *)Py_TYPE(data) != S.ndarray || !same_shape(data, cotangent) ||
            memcmp(PyArray_STRIDES((PyArrayObject *)data), PyArray_STRIDES(array),
                   (size_t)PyArray_NDIM(array) * sizeof(npy_intp))) {
            return UNCOMMON;
        }
    }
    PyObject *gradient = new_tensor(Py_NewRef(cotangent));
    if (gradient == NULL || PyDict_DelItem(pass->arrived, leaf) < 0) {
        Py_XDECREF(gradient);
        return FAILED;
    }
    Py_SETREF(SLOT(state, S.l_grad), gradient);
    return COMMON;
}

/* Hand a rule's result, a reference to which is taken over, to the node that it belongs to. */
static int
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
    if (status < 0 || !leaf) {
        return status;
    }
    PyObject *left = PyDict_GetItemWithError(pass->pending, edge);
    if (left == NULL) {
        return -1;
    }
    long count = PyLong_AsLong(left) - 1;
    PyObject *remaining = PyLong_FromLong(count);
    status = remaining == NULL ? -1 : PyDict_SetItem(pass->pending, edge, remaining);
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

#define MOST_SAVED 8

/* The saved values as tensors that know where they came from; owned. */
static enum Answer
saved_tensors(PyObject *node, PyObject *saved, PyObject **tensors)
{
    PyObject *sources = SLOT(SLOT(node, S.o_plan), S.p_sources);
    PyObject *edges = SLOT(node, S.n_edges), *numbers = SLOT(node, S.o_numbers);
    PyObject *counters = SLOT(node, S.n_counters);
    Py_ssize_t count = PyTuple_GET_SIZE(saved), made = 0;
    for (; made < count; made++) {
        PyObject *value = PyTuple_GET_ITEM(saved, made);
        long source = PyLong_AsLong(PyTuple_GET_ITEM(sources, made));
        if (PyFloat_CheckExact(value) || PyLong_CheckExact(value)) {
            tensors[made] = Py_NewRef(value);
            continue;
        }
        if (kind_of(value) == OTHER || source < -1) {
            goto uncommon;
        }
        if (source >= 0 && numbers != Py_None &&
            PyLong_AsLong(PyTuple_GET_ITEM(numbers, source))) {
            goto uncommon; /* the output of an operation with several */
        }
        tensors[made] = new_tensor(Py_NewRef(value));
        if (tensors[made] == NULL) {
            goto failed;
        }
        PyObject *edge = source < 0 ? node : PyTuple_GET_ITEM(edges, source);
        Py_SETREF(SLOT(tensors[made], S.t_node), Py_NewRef(edge));
    }
    for (Py_ssize_t i = 0; i + 2 < PyTuple_GET_SIZE(counters); i += 3) {
        PyObject *tensor = tensors[PyLong_AsLong(PyTuple_GET_ITEM(counters, i + 2))];
        if (IS(tensor, Tensor)) { /* the next order notices writes, too */
            Py_SETREF(SLOT(tensor, S.t_counter), Py_NewRef(PyTuple_GET_ITEM(counters, i)));
        }
    }
    return COMMON;
failed:
    while (made--) {
        Py_DECREF(tensors[made]);
    }
    return FAILED;
uncommon:
    while (made--) {
        Py_DECREF(tensors[made]);
    }
    return UNCOMMON;
}

/* Run one node's rules and deliver what they give. cotangent: of the output, or a list; like: one
   of them, whose dtype and namespace are those of the results. */
static int
run_rules(Pass *pass, PyObject *node, PyObject *cotangent, PyObject *like, PyObject *const *saved)
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
        PyObject *result = call_rule(pass, node, step, where, cotangent, like, saved);
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
        status = run_rules(pass, node, cotangent, like, count ? &PyTuple_GET_ITEM(saved, 0) : NULL);
        Py_DECREF(saved);
    } else {
        enum Answer answer = count ? saved_tensors(node, saved, tensors) : COMMON;
        if (answer != COMMON) {
            return answer == FAILED ? -1 : 1;
        }
        status = run_rules(pass, node, cotangent, like, tensors);
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
    Py_XDECREF(create_graph);
    pass.bare = !pass.tensors && SLOT(pass.walk, S.w_accumulate) == Py_True &&
                PySet_Check(SLOT(pass.walk, S.w_sought)) &&
                !PySet_GET_SIZE(SLOT(pass.walk, S.w_sought));
    pass.plus = PyObject_GetAttr(pass.arithmetic, S.plus);
    pass.add_into = PyObject_GetAttr(pass.arithmetic, S.add_into);
    pass.namespace = PyObject_GetAttr(pass.arithmetic, S.namespace);
    if (pass.plus == NULL || pass.add_into == NULL || pass.namespace == NULL) {
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
    Py_XDECREF(pass.plus);
    Py_XDECREF(pass.add_into);
    Py_XDECREF(pass.namespace);
    return result;
}
