"""All documented scenarios, in order."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from reference.scenarios import functions, gradients, graph, history
from reference.scenarios.scenario import Scenario

__all__ = ["SCENARIOS", "ScenarioError", "choose"]


def _place(scenario: Scenario) -> tuple[int, str]:
    digits = scenario.id.strip("Sb")
    return int(digits), scenario.id


SCENARIOS = tuple(
    sorted(
        (*graph.SCENARIOS, *gradients.SCENARIOS, *history.SCENARIOS, *functions.SCENARIOS),
        key=_place,
    )
)


class ScenarioError(LookupError):
    """There is no such scenario; the text says which there are."""


def choose(ids: Sequence[str]) -> tuple[Scenario, ...]:
    """The scenarios of these identifiers, each once, in order; all where none is named.

    >>> [scenario.id for scenario in choose(["s12", "S6b"])]
    ['S6b', 'S12']
    >>> choose(["detatch"])
    Traceback (most recent call last):
    reference.scenarios.catalogue.ScenarioError: no scenario 'detatch': did you mean S13? There ...
    """
    known = {scenario.id.lower(): scenario for scenario in SCENARIOS}
    for given in ids:
        if given.lower() not in known:
            raise ScenarioError(f"no scenario {given!r}: {_advice(given)}")
    wanted = {given.lower() for given in ids} or known.keys()
    return tuple(scenario for scenario in SCENARIOS if scenario.id.lower() in wanted)


def _advice(given: str) -> str:
    ids = [scenario.id for scenario in SCENARIOS]
    near = get_close_matches(given.upper(), ids, n=3, cutoff=0.6)
    titles = {scenario.title.lower(): scenario.id for scenario in SCENARIOS}
    near += [titles[title] for title in get_close_matches(given.lower(), titles, n=1, cutoff=0.8)]
    known = "here are S1 to S15 and S6b"
    if not near:
        return f"t{known}"
    return f"did you mean {', '.join(sorted(set(near), key=ids.index))}? T{known}"
