/* What the files of the walk share. */

#ifndef AUTODIFF_WALK_H
#define AUTODIFF_WALK_H

#include "core.h"

typedef struct {
    PyObject *walk, *arithmetic;
    PyObject *needed; /* NULL: all */
    PyObject *pending, *arrived;
    PyObject *plus, *add_into; /* of cotangents */
    PyObject *namespace;       /* that rules are given; NULL where cotangents are tensors */
    int retain, tensors;
    int bare; /* whether leaves get bare arrays, and nobody asks for cotangents on the way */
} Pass;

/* deliver.c */
int is_free(Pass *pass, PyObject *array);
int deliver(Pass *pass, PyObject *node, long position, PyObject *edge, PyObject *result);
enum Answer deliver_negative(Pass *pass, PyObject *edge, PyObject *cotangent);

#endif
