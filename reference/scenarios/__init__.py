"""The documented scenarios: programs over a namespace `t`, and what must be seen.

>>> from reference import engines
>>> oracle = engines.load("reference")
>>> for result in run(choose(["S5"]), [engines.load("autodiff")], oracle):
...     print(result.scenario.title, result.holds)
backward of a scalar True
"""

from __future__ import annotations

from reference.scenarios.catalogue import SCENARIOS, ScenarioError, choose
from reference.scenarios.run import Outcome, Raised, Result, run
from reference.scenarios.scenario import Observation, Scenario

__all__ = [
    "SCENARIOS",
    "Observation",
    "Outcome",
    "Raised",
    "Result",
    "Scenario",
    "ScenarioError",
    "choose",
    "run",
]
