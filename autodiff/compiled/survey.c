/* What a pass will meet, before it runs: `_survey` and `_needed` of `backward.py`, compiled. */

#include "core.h"

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
    if (!IS(node, Operation) && !PyObject_TypeCheck(node, (PyTypeObject *)S.Node)) {
        PyErr_Format(PyExc_TypeError, "expected a node of the graph, got %R", node);
        return -1;
    }
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
    int same = 1;
    Py_INCREF(counters); /* the count of an inference tensor is asked of Python code */
    for (Py_ssize_t i = 0; same == 1 && i + 2 < PyTuple_GET_SIZE(counters); i += 3) {
        PyObject *counter = PyTuple_GET_ITEM(counters, i);
        PyObject *then = PyTuple_GET_ITEM(counters, i + 1);
        PyObject *now = PyList_CheckExact(counter) ? Py_NewRef(PyList_GET_ITEM(counter, 0))
                                                   : PySequence_GetItem(counter, 0);
        same = now == NULL ? -1 : now == then ? 1 : PyObject_RichCompareBool(now, then, Py_EQ);
        Py_XDECREF(now);
    }
    Py_DECREF(counters);
    return same;
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
