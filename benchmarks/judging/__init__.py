"""Labelled cases for the judge, a file for each family."""

from __future__ import annotations

from judging import fourth, independent, kinks, modes, networks, reductions, smooth, unseen
from judging.case import Case

__all__ = ["CASES"]

CASES: list[Case] = [
    *smooth.CASES, *reductions.CASES, *networks.CASES, *kinks.CASES, *modes.CASES,
    *independent.CASES, *unseen.CASES, *fourth.CASES,
]  # fmt: skip
