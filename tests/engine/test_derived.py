"""What many targets make of one input is made once, and only ever found where making it again would give the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopbuild.engine import derived as kept
from loopbuild.engine.target import Action, Json, Recipe, Target
from tests.engine.conftest import Project

HERE = "tests.engine.test_derived"
READ = Recipe(name="read", version=1, run="tests.engine.recipes:read")
SHOUT = Recipe(name="shout", version=1, run=f"{HERE}:shout")
MADE: list[list[str]] = []


def loud(value: Json) -> list[str]:
    MADE.append(value["lines"])
    return [line.upper() for line in value["lines"]]


def shout(action: Action) -> Json:
    return {"lines": action.derived(loud, "a")}


def targets(count: int) -> list[Target]:
    one = Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),))
    return [
        one,
        *(Target(id=f"shout:{i}", recipe=SHOUT, inputs=(("a", "read:0"),), params={"i": i}) for i in range(count)),
    ]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept._kept.clear()
    MADE.clear()


def test_targets_over_one_input_share_what_they_make_of_it(project: Project) -> None:
    assert project.build(targets(5)).is_success
    assert MADE == [["a"]]
    project.write(f0="b\n")
    project.build(targets(5))
    project.write(f0="a\n# c\n")
    project.build(targets(6))
    assert MADE == [["a"], ["b"]]


def test_an_input_that_is_not_declared_can_not_be_reached(project: Project) -> None:
    hidden = Target(id="shout:x", recipe=SHOUT, inputs=(("b", "read:0"),))
    outcome = project.build([targets(0)[0], hidden])
    assert "undeclared input `a`" in outcome.errors[0].message


def test_a_function_with_something_up_its_sleeve_is_refused(tmp_path: Path) -> None:
    def inner(value: Json) -> Path:
        return tmp_path / value

    with pytest.raises(TypeError, match="more than its arguments"):
        kept.derived(inner, ("d",), lambda: ["x"])


def test_only_the_last_used_values_are_kept() -> None:
    for number in range(3 * kept.MOST):
        kept.derived(loud, ("first",), lambda: [{"lines": ["first"]}])
        kept.derived(loud, (str(number),), lambda: [{"lines": []}])
    assert len(kept._kept) == kept.MOST
    assert MADE.count(["first"]) == 1


def test_a_failure_is_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(KeyError):
            kept.derived(loud, ("broken",), lambda: [{}])
    assert not kept._kept
