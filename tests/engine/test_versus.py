"""An earlier result against the one in force: the cause, the way from it, and which rows it reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopbuild.engine.gc import Limits, collect
from loopbuild.engine.query import output_digest
from loopbuild.engine.versus import Versus, output_at, result_like, versus
from loopbuild.errors import SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import chain, table


def since(project: Project, target: str, build: int) -> Versus:
    return versus(project.ws, target, output_at(project.ws, target, build))


def test_the_way_goes_from_the_changed_file_to_the_target(project: Project) -> None:
    project.build(chain())
    project.write(f0="A\n")
    project.build(chain())
    found = since(project, "total:all", 1)
    assert [step.target for step in found.path] == ["read:0", "join:0", "total:all"]
    (reason,) = found.path[0].reasons
    assert (reason.code, reason.subject) == ("input_changed", "f0.txt")
    assert found.others == 2  # join:1 and join:3 read it as well
    assert found.old.key != found.new.key == project.entry("total:all").key


def test_rows_are_told_apart_with_the_facts_they_read(project: Project) -> None:
    project.build(table())
    project.write(words="x=one\ny=TWO\nz=three\n", rows="r1 x\nr2 x y\nr4 y\n")
    project.build(table())
    step = since(project, "table:main", 1).path[-1]
    assert step.rows is not None
    assert (step.rows.changed, step.rows.added, step.rows.gone, step.rows.total) == (1, 1, 1, 3)
    assert [reason.subject for reason in step.rows.reasons] == ["y"]
    project.write(words="x=one\nz=three\n", rows="r1 x\nr2 x z\nr4 z\n")
    project.build(table())
    step = since(project, "table:main", 2).path[-1]
    assert step.rows is not None
    assert step.rows.unread == ("y",)


def test_a_build_that_did_not_touch_a_target_had_what_an_earlier_one_made(project: Project) -> None:
    project.build(chain())
    project.write(f0="A\n")
    project.build(chain())
    assert output_at(project.ws, "read:2", 2) == output_digest(project.ws, "read:2")[:16]
    assert since(project, "read:2", 2).path == ()
    assert since(project, "total:all", 2).path == ()


def test_another_key_with_the_same_bytes_is_told(project: Project) -> None:
    project.build(chain())
    project.write(f0="a\n# another comment\n")
    project.build(chain())
    found = versus(project.ws, "read:0", result_like(project.ws, "read:0", output_digest(project.ws, "read:0")[:8]))
    assert found.old.output == found.new.output
    before = Versus, since(project, "join:0", 1)
    assert before[1].path == ()


def test_a_result_is_found_by_the_first_digits_of_its_key_or_output(project: Project) -> None:
    project.build(chain())
    first = project.entry("read:0")
    project.write(f0="A\n")
    project.build(chain())
    assert result_like(project.ws, "read:0", first.key[:8]) == first.output
    assert result_like(project.ws, "read:0", first.output[:8]) == first.output
    assert result_like(project.ws, "read:0", "0" * 8) == ""


def test_what_is_not_known_any_more_is_said(project: Project) -> None:
    project.build(chain(), select=("read:",))
    project.write(f0="A\n")
    project.build(chain())
    with pytest.raises(SelectionError, match="build 1 had no result of `total:all` yet"):
        output_at(project.ws, "total:all", 1)
    with pytest.raises(SelectionError, match="there is no build 3"):
        output_at(project.ws, "total:all", 3)
    old = output_at(project.ws, "read:0", 1)
    for _ in range(11):  # results of the last builds are kept
        project.build(chain(), demands=_forced())
    collect(project.ws, Limits(max_bytes=0, max_age_seconds=0), on_note=lambda text: None)
    with pytest.raises(SelectionError, match="is not here any more"):
        versus(project.ws, "read:0", old)


def test_a_lost_record_on_the_way_is_named_and_ends_it(project: Project) -> None:
    project.build(chain())
    record = project.entry("read:0").record
    project.write(f0="A\n")
    project.build(chain())
    Path(project.ws.objects.path(record)).unlink()
    found = since(project, "total:all", 1)
    assert [(step.target, step.is_lost) for step in found.path] == [
        ("read:0", True), ("join:0", False), ("total:all", False),
    ]  # fmt: skip


def _forced():  # type: ignore[no-untyped-def]
    from loopbuild.engine.demands import Demands
    from loopbuild.engine.selection import parse

    return Demands(force=parse(["read:1"]))
