"""Builds the compiled front of the engine's common path; everything else is in pyproject.toml.

Where it cannot be built (no compiler, another interpreter than CPython, no GIL) it is left out, and
Python does the same.
"""

import sys
import sysconfig

import numpy
from setuptools import Extension, setup

SOURCES = ("core", "record", "straight", "calls", "walk")

front = Extension(
    "autodiff.compiled.core",
    [f"autodiff/compiled/{name}.c" for name in SOURCES],
    depends=["autodiff/compiled/core.h"],
    include_dirs=[numpy.get_include()],
    optional=True,
)
known = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
setup(ext_modules=[front] if known else [])
