"""Builds the compiled front of the engine's common path, and kernels.

Everything else is in pyproject.toml.

What cannot be built (no compiler, another interpreter than CPython, no GIL) is left out, and
Python does the same.
"""

import sys
import sysconfig

import numpy
from setuptools import Extension, setup

SOURCES = ("core", "record", "straight", "calls", "survey", "deliver", "walk")

front = Extension(
    "autodiff.compiled.core",
    [f"autodiff/compiled/{name}.c" for name in SOURCES],
    depends=["autodiff/compiled/core.h", "autodiff/compiled/walk.h"],
    include_dirs=[numpy.get_include()],
    optional=True,
)
# GCC and Clang make vectors of loops at this level; others are left as they are
EAGER = [] if sys.platform == "win32" else ["-O3", "-fno-math-errno", "-fno-trapping-math"]
kernels = Extension(
    "autodiff.compiled.kernels",
    ["autodiff/compiled/kernels.c"],
    depends=[f"autodiff/compiled/{name}.h" for name in ("vector", "gauss", "rows", "loops")],
    include_dirs=[numpy.get_include()],
    extra_compile_args=EAGER,
    optional=True,
)
known = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
setup(ext_modules=[front, kernels] if known else [])
