"""Tests of the compiled front and of the compiled kernels are collected where these were built."""

from autodiff.compiled import core, kernels

collect_ignore_glob = [] if core is not None else ["test_compiled*.py"]
if kernels is None:
    collect_ignore_glob.append("test_compiled_kernels.py")
