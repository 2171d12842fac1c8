"""What an audit says where an engine raises: an error, or that it has no such derivative."""

from pathlib import Path

import numpy as np
import pytest
from fake_engine import Fake

from reference.audit.engines_hips import TABLE
from reference.audit.model import Outcome, Piece, Settings
from reference.audit.numpy_names import clipped_logit
from reference.audit.published import markdown, whole_json
from reference.audit.work import audit_piece
from reference.points import Point, special_points


def page_of(outcome: Outcome) -> str:
    return markdown("Audit", whole_json("fake", Settings("fake", points=1), {}, [outcome]))


def outcome_of(raised: dict[str, str], grid: dict[str, str]) -> Outcome:
    return Outcome("exp", "float64", grid, 1, raised=raised, plain=grid)


def test_a_page_lists_what_was_raised_though_other_points_are_right() -> None:
    raised = {
        "vjp": "point 6: reverse mode: KeyError: 1",
        "rr": "point 6: reverse over reverse: KeyError: 1",
        "value": "point 4: LinAlgError: Singular matrix",
    }
    page = page_of(outcome_of(raised, {"vjp": "correct", "rr": "correct", "value": "correct"}))
    assert "- `exp` float64 (vjp, rr): KeyError: 1 (point 6)\n" in page
    assert "- `exp` float64 (value): LinAlgError: Singular matrix (point 4)\n" in page


def test_a_page_does_not_list_what_is_not_offered() -> None:
    raised = {
        "jvp": "point 0: jvp (forward mode) is not on offer: JVP of erf not defined",
        "vjp": "point 0: reverse mode: NotImplementedError: VJP of flip not defined",
    }
    page = page_of(outcome_of(raised, {"jvp": "not offered", "vjp": "not offered"}))
    assert "Errors that were raised" not in page


def test_raised_text_is_escaped() -> None:
    page = page_of(
        outcome_of({"vjp": "point 0: TypeError: <lambda>() takes 2"}, {"vjp": "raised"})
    )
    assert "TypeError: \\<lambda\\>() takes 2 (point 0)" in page


@pytest.mark.parametrize(
    ("error", "verdict"), [("NotImplementedError", "not offered"), ("ValueError", "raised")]
)
def test_what_is_raised_at_ordinary_numbers_is_not_blamed_on_extreme_ones(
    fake: str, monkeypatch: pytest.MonkeyPatch, error: str, verdict: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise {"NotImplementedError": NotImplementedError, "ValueError": ValueError}[error]

    monkeypatch.syspath_prepend(str(Path.cwd()))  # where the fixture has written its module
    monkeypatch.setattr(Fake, "pull", refuse)
    settings = Settings("fake", ("value", "vjp"), points=1, load=(fake,))
    outcome = audit_piece(Piece(settings, "square", "float64"))
    assert outcome.grid["vjp"] == outcome.plain["vjp"] == verdict
    assert outcome.grid["value"] == "correct"


def test_logit_is_bounded_where_eps_is_given() -> None:
    class Special:
        @staticmethod
        def logit(x: np.ndarray) -> np.ndarray:
            return np.asarray(np.log(x / (1 - x)))

    class Root:
        numpy = np

        class scipy:  # a module's name
            special = Special

    logit = clipped_logit(Root)
    np.testing.assert_array_equal(logit(np.array([0.0, 1.0]), 0.5), [0.0, 0.0])
    np.testing.assert_array_equal(logit(np.array([0.5])), [0.0])
    assert TABLE["logit"] is clipped_logit


def test_points_of_logit_have_one_with_eps() -> None:
    points: list[Point] = special_points("logit", "float64", np.random.default_rng(0), limit=8)
    assert any(len(point.args) == 2 for point in points)
