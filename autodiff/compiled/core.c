/* The compiled front of the common path: the module, and the functions that rows become.

   A `Straight` stands before the Python function of a row. It does what that function does in the
   common case, and calls it in all others, so that every case is described in Python, once. */

#include "core.h"
#include <descrobject.h>
#include <stddef.h>

State S;

/* what a row's function is */
enum Shape { ELEMENTWISE, CALL, VIEW, VIEWS };

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *row, *plain, *weak;
    int shape, traits;
    Py_ssize_t inputs;
} Straight;

static PyObject *
straight_vectorcall(PyObject *callable, PyObject *const *arguments, size_t flagged,
                    PyObject *names)
{
    Straight *self = (Straight *)callable;
    Py_ssize_t count = PyVectorcall_NARGS(flagged);
    PyObject *result = NULL;
    if (S.Tensor != NULL && count) {
        switch (self->shape) {
        case ELEMENTWISE:
            if (count == self->inputs && names == NULL) {
                result = straight_elementwise(self->row, arguments, count, self->traits);
            }
            break;
        case CALL:
            result = straight_call(self->row, arguments, count, names, self->inputs,
                                   self->traits);
            break;
        default:
            result = straight_view(self->row, arguments, count, names, self->shape == VIEWS);
        }
        if (result != NULL || PyErr_Occurred()) {
            return result;
        }
    }
    return PyObject_Vectorcall(self->plain, arguments, flagged, names);
}

static int
straight_traverse(Straight *self, visitproc visit, void *arg)
{
    Py_VISIT(self->row);
    Py_VISIT(self->plain);
    return 0;
}

static int
straight_clear(Straight *self)
{
    Py_CLEAR(self->row);
    Py_CLEAR(self->plain);
    return 0;
}

static void
straight_dealloc(Straight *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weak != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    straight_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* As a method it is bound to the tensor, as functions are. */
static PyObject *
straight_get(PyObject *self, PyObject *object, PyObject *Py_UNUSED(type))
{
    return object == NULL || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

/* Name, documentation and the rest are those of the Python function. */
static PyObject *
straight_getattro(PyObject *self, PyObject *name)
{
    static const char *const own[] = {"__class__", "__call__", "__get__", "__wrapped__",
                                      "__copy__", "__deepcopy__", NULL};
    for (int i = 0; own[i] != NULL; i++) {
        if (PyUnicode_CompareWithASCIIString(name, own[i]) == 0) {
            return PyObject_GenericGetAttr(self, name);
        }
    }
    return PyObject_GetAttr(((Straight *)self)->plain, name);
}

/* A copy of a function is the function. */
static PyObject *
straight_copy(PyObject *self, PyObject *Py_UNUSED(memo))
{
    return Py_NewRef(self);
}

static PyMethodDef straight_methods[] = {
    {"__copy__", straight_copy, METH_NOARGS, NULL},
    {"__deepcopy__", straight_copy, METH_O, NULL},
    {NULL},
};

static PyMemberDef straight_members[] = {
    {"__wrapped__", T_OBJECT_EX, offsetof(Straight, plain), READONLY, "the Python function"},
    {NULL},
};

PyTypeObject Straight_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "autodiff.compiled.core.Straight",
    .tp_doc = "A row's function: the common case compiled, all others by the Python function.",
    .tp_basicsize = sizeof(Straight),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_vectorcall_offset = offsetof(Straight, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_traverse = (traverseproc)straight_traverse,
    .tp_clear = (inquiry)straight_clear,
    .tp_dealloc = (destructor)straight_dealloc,
    .tp_descr_get = straight_get,
    .tp_getattro = straight_getattro,
    .tp_members = straight_members,
    .tp_methods = straight_methods,
    .tp_weaklistoffset = offsetof(Straight, weak),
};

/* Whether an attribute of a row holds, or is a text; -1 with an exception. */
static int
has_trait(PyObject *row, const char *name, const char *text)
{
    PyObject *value = PyObject_GetAttrString(row, name);
    int answer = -1;
    if (value != NULL) {
        answer = text == NULL ? PyObject_IsTrue(value)
                              : PyUnicode_Check(value) &&
                                    PyUnicode_CompareWithASCIIString(value, text) == 0;
        Py_DECREF(value);
    }
    return answer;
}

static int
traits_of(PyObject *row)
{
    int rules = has_trait(row, "rules", NULL), where = has_trait(row, "promotion", "where");
    int spread = has_trait(row, "broadcasts", NULL), variadic = has_trait(row, "variadic", NULL);
    if (rules < 0 || where < 0 || spread < 0 || variadic < 0) {
        return -1;
    }
    return (rules ? 0 : UNRECORDED) | (where ? CONDITION : 0) | (spread ? NUMBERS : 0) |
           (variadic ? VARIADIC : 0);
}

/* straight(row, function, shape, inputs) -> the row's function, compiled in front */
static PyObject *
make_straight(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *row, *plain;
    int shape;
    Py_ssize_t inputs;
    if (!PyArg_ParseTuple(arguments, "OOin", &row, &plain, &shape, &inputs)) {
        return NULL;
    }
    if (shape == ELEMENTWISE && (inputs < 1 || inputs > 2)) {
        PyErr_Format(PyExc_ValueError, "an elementwise row has 1 or 2 inputs, not %zd", inputs);
        return NULL;
    }
    int traits = traits_of(row);
    if (traits < 0) {
        return NULL;
    }
    if (!inputs) {
        traits |= VARIADIC; /* what the rules do not tell apart has no names */
    }
    Straight *self = PyObject_GC_New(Straight, &Straight_Type);
    if (self != NULL) {
        self->vectorcall = straight_vectorcall;
        self->row = Py_NewRef(row);
        self->plain = Py_NewRef(plain);
        self->weak = NULL;
        self->shape = shape;
        self->traits = traits;
        self->inputs = inputs;
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

/* Take an object out of a dictionary of what the Python files define. */
static int
take(PyObject *known, const char *name, PyObject **place)
{
    *place = PyDict_GetItemString(known, name);
    if (*place == NULL) {
        PyErr_Format(PyExc_KeyError, "setup() needs '%s'", name);
        return -1;
    }
    Py_INCREF(*place); /* for the life of the process, as the classes themselves */
    return 0;
}

/* The offset of a slot, from its descriptor. */
static int
locate(PyObject *type, const char *name, Py_ssize_t *place)
{
    PyObject *found = PyObject_GetAttrString(type, name);
    if (found == NULL) {
        return -1;
    }
    int status = -1;
    if (!Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        PyErr_Format(PyExc_TypeError, "%R.%s is no slot", type, name);
    } else {
        PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
        *place = member->offset;
        status = 0;
    }
    Py_DECREF(found);
    return status;
}

typedef struct {
    const char *owner, *name;
    size_t place;
} Slot;

#define AT(field) offsetof(State, field)

static const Slot slots[] = {
    {"Tensor", "_data", AT(t_data)},
    {"Tensor", "_node", AT(t_node)},
    {"Tensor", "_leaf", AT(t_leaf)},
    {"Tensor", "_counter", AT(t_counter)},
    {"Tensor", "_extra", AT(t_extra)},
    {"Node", "counters", AT(n_counters)},
    {"Node", "edges", AT(n_edges)},
    {"Node", "hooks", AT(n_hooks)},
    {"Node", "number", AT(n_number)},
    {"Operation", "numbers", AT(o_numbers)},
    {"Operation", "params", AT(o_params)},
    {"Operation", "plan", AT(o_plan)},
    {"Operation", "saved", AT(o_saved)},
    {"Operation", "shapes", AT(o_shapes)},
    {"GeneralOperation", "types", AT(g_types)},
    {"GeneralOperation", "output_meta", AT(g_output_meta)},
    {"LeafState", "accumulator", AT(l_accumulator)},
    {"LeafState", "grad", AT(l_grad)},
    {"LeafState", "lock", AT(l_lock)},
    {"LeafState", "post_hooks", AT(l_post_hooks)},
    {"AccumulateGrad", "variable", AT(a_variable)},
    {"AccumulateGrad", "cast", AT(a_cast)},
    {"Walk", "accumulate", AT(w_accumulate)},
    {"Walk", "arrived", AT(w_arrived)},
    {"Walk", "captured", AT(w_captured)},
    {"Walk", "pending", AT(w_pending)},
    {"Walk", "sought", AT(w_sought)},
    {"Walk", "watched", AT(w_watched)},
    {"Plan", "sources", AT(p_sources)},
    {"Plan", "walked", AT(p_walked)},
    {"Plan", "indexed", AT(p_indexed)},
    {"Plan", "conjugate", AT(p_conjugate)},
    {"Row", "kernel", AT(r_kernel)},
    {"Row", "kernel_takes_xp", AT(r_takes_xp)},
    {"Row", "numpy_kernel", AT(r_numpy_kernel)},
    {"Row", "plans", AT(r_plans)},
    {"Extra", "number", AT(x_number)},
    {"Extra", "view", AT(x_view)},
    {"Extra", "turned", AT(x_turned)},
    {"Extra", "cast", AT(x_cast)},
    {"Extra", "grad", AT(x_grad)},
    {"Extra", "grad_dtype", AT(x_grad_dtype)},
    {"Extra", "hooks", AT(x_hooks)},
    {"Extra", "retains", AT(x_retains)},
    {"ViewOf", "base", AT(v_base)},
    {"ViewOf", "chain", AT(v_chain)},
    {"ViewOf", "made", AT(v_made)},
    {"ViewOf", "turns", AT(v_turns)},
    {"ViewOf", "version", AT(v_version)},
};

typedef struct {
    const char *name;
    size_t place;
} Known;

static const Known objects[] = {
    {"Node", AT(Node)},
    {"Operation", AT(Operation)},
    {"GeneralOperation", AT(GeneralOperation)},
    {"SeveralOperation", AT(SeveralOperation)},
    {"AccumulateGrad", AT(AccumulateGrad)},
    {"Nowhere", AT(Nowhere)},
    {"Extra", AT(Extra)},
    {"ViewOf", AT(ViewOf)},
    {"Plan", AT(Plan)},
    {"accumulator", AT(accumulator)},
    {"numbers", AT(numbers)},
    {"grad_mode", AT(grad_mode)},
    {"errors", AT(errors)},
    {"silent", AT(silent)},
    {"storage", AT(storage)},
    {"arrays", AT(arrays)},
    {"float32", AT(float32)},
    {"float64", AT(float64)},
    {"float32_dtype", AT(float32_dtype)},
    {"float64_dtype", AT(float64_dtype)},
    {"last", AT(last)},
    {"ndarray", AT(ndarray)},
    {"negative", AT(negative)},
    {"freed", AT(freed)},
    {"freed_counters", AT(freed_counters)},
};

static const Known names[] = {
    {"acquire", AT(acquire)},
    {"arrive", AT(arrive)},
    {"visit", AT(visit)},
    {"finish", AT(finish)},
    {"release", AT(release)},
    {"fitted", AT(fitted)},
    {"plus", AT(plus)},
    {"add_into", AT(add_into)},
    {"namespace", AT(namespace)},
    {"create_graph", AT(create_graph)},
    {"__array_namespace__", AT(array_namespace)},
    {"normal", AT(made_normal)},
    {"multiple", AT(made_multiple)},
    {"no_grad", AT(made_no_grad)},
};

#define OBJECT_AT(offset) ((PyObject **)((char *)&S + (offset)))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* setup(known): what the Python files define, by name. Called once, before the first call. */
static PyObject *
setup(PyObject *Py_UNUSED(module), PyObject *known)
{
    PyObject *tensor = NULL;
    if (!PyDict_Check(known)) {
        PyErr_SetString(PyExc_TypeError, "setup() needs a dictionary");
        return NULL;
    }
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (take(known, objects[i].name, OBJECT_AT(objects[i].place)) < 0) {
            return NULL;
        }
    }
    for (size_t i = 0; i < COUNT(slots); i++) {
        PyObject *owner = PyDict_GetItemString(known, slots[i].owner);
        if (owner == NULL) {
            PyErr_Format(PyExc_KeyError, "setup() needs '%s'", slots[i].owner);
            return NULL;
        }
        if (locate(owner, slots[i].name, (Py_ssize_t *)((char *)&S + slots[i].place)) < 0) {
            return NULL;
        }
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        PyObject *name = PyUnicode_InternFromString(names[i].name);
        if (name == NULL) {
            return NULL;
        }
        *OBJECT_AT(names[i].place) = name;
    }
    S.empty = PyTuple_New(0);
    S.zero = PyLong_FromLong(0);
    if (S.empty == NULL || S.zero == NULL || take(known, "Tensor", &tensor) < 0) {
        return NULL;
    }
    S.Tensor = tensor; /* last: from now on calls take the compiled path */
    Py_RETURN_NONE;
}

/* taken() -> whether a copy of the package is using the module already. */
static PyObject *
taken(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyBool_FromLong(S.Tensor != NULL);
}

static PyMethodDef methods[] = {
    {"taken", taken, METH_NOARGS, "Whether a copy of the package is using the module."},
    {"setup", setup, METH_O, "Tell the module what the Python files define."},
    {"straight", make_straight, METH_VARARGS, "A row's function, compiled in front."},
    {"survey", survey, METH_O, "The nodes below some roots, and how they hang together."},
    {"needed", (PyCFunction)(void (*)(void))needed, METH_FASTCALL, "The nodes that matter."},
    {"follow", (PyCFunction)(void (*)(void))follow, METH_FASTCALL, "Run the nodes of a pass."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "core",
    .m_doc = "The compiled front of the common path.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_core(void)
{
    if (PyType_Ready(&Straight_Type) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (PyModule_AddIntConstant(module, "ELEMENTWISE", ELEMENTWISE) < 0 ||
                           PyModule_AddIntConstant(module, "CALL", CALL) < 0 ||
                           PyModule_AddIntConstant(module, "VIEW", VIEW) < 0 ||
                           PyModule_AddIntConstant(module, "VIEWS", VIEWS) < 0)) {
        Py_CLEAR(module);
    }
    return module;
}
