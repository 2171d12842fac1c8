"""Running scenarios on the oracle and on engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reference.engines.engine import Engine
from reference.scenarios.judge import Judged, Snapshot, judge, snapshot
from reference.scenarios.scenario import Scenario

__all__ = ["Outcome", "Raised", "Result", "run"]


@dataclass(frozen=True, slots=True)
class Raised:
    """An error that ended a scenario before its end; `after` names the last observation."""

    type: str
    message: str
    after: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario on one engine."""

    engine: str
    seen: tuple[Judged, ...]
    raised: Raised | None

    @property
    def holds(self) -> bool:
        """It ran to its end, and every observation holds."""
        return self.raised is None and all(judged.holds for judged in self.seen)


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario on all engines."""

    scenario: Scenario
    outcomes: tuple[Outcome, ...]

    @property
    def holds(self) -> bool:
        """It holds on every engine."""
        return all(outcome.holds for outcome in self.outcomes)


def run(
    scenarios: Sequence[Scenario], engines: Sequence[Engine], oracle: Engine
) -> Iterator[Result]:
    """Run each scenario on every engine, the oracle last, and judge what is seen.

    The oracle's run gives the exact numbers that the engines' are compared with; its own numbers,
    rounded to the format, are judged like theirs, and its exact ones by what the documentation
    states.

    >>> from reference import engines
    >>> from reference.scenarios import choose
    >>> oracle = engines.load("reference")
    >>> [result.holds for result in run(choose(["S5"]), [engines.load("autodiff")], oracle)]
    [True]
    """
    for scenario in scenarios:
        truth = _play(scenario, oracle.namespace)
        outcomes = [
            _outcome(engine.name, _play(scenario, engine.namespace), truth) for engine in engines
        ]
        yield Result(scenario, (*outcomes, _outcome(oracle.name, truth, truth)))


@dataclass(frozen=True, slots=True)
class _Run:
    snapshots: tuple[Snapshot, ...]
    raised: Raised | None


def _play(scenario: Scenario, namespace: Any) -> _Run:
    """Everything seen until the end, or until the engine raises."""
    seen: list[Snapshot] = []
    try:
        for observation in scenario.program(namespace):
            seen.append(snapshot(observation))  # noqa: PERF401  (what was seen before an error is kept)
    except Exception as error:  # noqa: BLE001  (whatever an engine raises is a result)
        after = seen[-1].name if seen else None
        return _Run(tuple(seen), Raised(type(error).__name__, str(error), after))
    return _Run(tuple(seen), None)


def _outcome(name: str, played: _Run, truth: _Run) -> Outcome:
    exact = {seen.name: seen.truth for seen in truth.snapshots}
    judged = (
        judge(seen, exact.get(seen.name), reached=seen.name in exact) for seen in played.snapshots
    )
    return Outcome(name, tuple(judged), played.raised)
