"""The selection grammar, against a brute-force reading of it, and what it builds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.engine.answers import resolve
from loopbuild.engine.query import readers_of
from loopbuild.engine.selection import parse
from loopbuild.engine.target import Target
from loopbuild.errors import SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import FAIL, JOIN, chain, table
from tests.engine.test_targets import growing

GRAPH = {target.id: target for target in chain()}


def chosen(*words: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return sorted(parse(words, exclude=exclude).chosen(GRAPH))


def test_operators_walk_so_many_steps_in_their_direction() -> None:
    assert chosen("join:1") == ["join:1"]
    assert chosen("+join:1") == ["join:1", "read:0", "read:1", "read:2"]
    assert chosen("1+total:all") == ["join:0", "join:1", "join:2", "join:3", "total:all"]
    assert chosen("2+total:all") == sorted(GRAPH)
    assert chosen("read:1+1") == ["join:0", "join:1", "join:2", "read:1"]
    assert chosen("read:1+") == ["join:0", "join:1", "join:2", "read:1", "total:all"]
    assert chosen("@read:1") == sorted(GRAPH)
    assert chosen("1+join:1+1") == ["join:1", "read:0", "read:1", "read:2", "total:all"]


def test_words_are_united_and_commas_intersect() -> None:
    assert chosen("join:1 join:2", "total:") == ["join:1", "join:2", "total:all"]
    assert chosen("+join:0,+join:1,read:") == ["read:0", "read:1"]
    assert chosen("read:*,*:2") == ["read:2"]


def test_what_is_excluded_takes_with_it_whatever_needs_it() -> None:
    assert chosen(exclude=("read:1",)) == ["join:3", "read:0", "read:2", "read:3"]
    assert chosen("join:", exclude=("join:2",)) == ["join:0", "join:1", "join:3"]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for index in range(draw(st.integers(1, 7))):
        near = draw(st.frozensets(st.integers(0, index - 1), max_size=3)) if index else frozenset()
        name = f"{'ab'[index % 2]}:{index}"
        inputs = tuple((f"r{i}", f"{'ab'[i % 2]}:{i}") for i in sorted(near))
        found[name] = Target(id=name, recipe=JOIN, inputs=inputs)
    return found


@given(graph=graphs(), data=st.data(), up=st.integers(0, 3), down=st.integers(0, 3))
def test_steps_are_distances(graph: dict[str, Target], data: st.DataObject, up: int, down: int) -> None:
    start = data.draw(st.sampled_from(sorted(graph)))
    distance = {(name, other): 1 for name, target in graph.items() for _, other in target.inputs}
    for middle in graph:
        for one in graph:
            for two in graph:
                way = distance.get((one, middle), 99) + distance.get((middle, two), 99)
                if way < distance.get((one, two), 99):
                    distance[one, two] = way
    within = {start}
    within |= {name for name in graph if distance.get((start, name), 99) <= up}
    within |= {name for name in graph if distance.get((name, start), 99) <= down}
    word = f"{up}+{start}+{down}"
    assert parse([word]).chosen(graph) == within


def test_a_selection_of_users_reaches_targets_made_later(project: Project) -> None:
    assert sorted(project.build(growing(), select=("words:main+",)).results) == sorted(project.build(growing()).results)


def test_an_exclusion_builds_neither_it_nor_its_users(project: Project) -> None:
    outcome = project.build(chain(), select=parse([], exclude=["join:2"]))
    assert sorted(outcome.results) == ["join:0", "join:1", "join:3", "read:0", "read:1", "read:2", "read:3"]


@pytest.mark.parametrize("words", [["totl:all"], ["jion:"], ["join:1,read:"], ["+"], ["@2+join:1"], ["read:9+"]])
def test_what_means_nothing_is_a_mistake(project: Project, words: list[str]) -> None:
    with pytest.raises(SelectionError) as caught:
        project.build(chain(), select=tuple(words))
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_the_closest_name_is_offered_for_a_target_and_for_a_kind(project: Project) -> None:
    for word, near in (("totl:all", "total:all"), ("jion:", "join:")):
        with pytest.raises(SelectionError) as caught:
            project.build(chain(), select=(word,))
        assert f"did you mean `{near}`?" in caught.value.hint


def test_an_exclusion_that_means_nothing_is_a_mistake_too(project: Project) -> None:
    with pytest.raises(SelectionError, match="no target is called `totl:all`"):
        project.build(chain(), select=parse([], exclude=["totl:all"]))
    with pytest.raises(SelectionError, match="leaves no target"):
        project.build(chain(), select=parse(["total:"], exclude=["read:"]))


# -- questions -------------------------------------------------------------------------------------------------------


def asked(project: Project, targets: list[Target], *words: str) -> list[str]:
    names = {target.id: target for target in targets}
    return sorted(resolve(project.ws, targets, words).chosen(names))


def test_states_are_seen_against_the_lock(project: Project) -> None:
    targets = chain()
    project.build(targets[:-1])
    assert asked(project, targets, "state:new") == ["total:all"]
    project.build(targets)
    project.write(f1="B\n")
    assert asked(project, targets, "state:modified") == ["read:1"]
    assert asked(project, targets, "state:stale") == ["join:0", "join:1", "join:2", "read:1", "total:all"]
    assert asked(project, targets, "state:modified+1,join:") == ["join:0", "join:1", "join:2"]
    assert asked(project, targets, "reason:upstream_stale") == ["join:0", "join:1", "join:2", "total:all"]
    assert resolve(project.ws, targets[:-1], ["state:removed"]).terms[0][0].ids == {"total:all"}


def test_what_failed_can_be_asked_for_again(project: Project) -> None:
    (project.root / "broken").touch()
    targets = [*chain(), Target(id="fail:a", recipe=FAIL)]
    project.build(targets)
    assert asked(project, targets, "state:failed") == asked(project, targets, "result:failed") == ["fail:a"]
    (project.root / "broken").unlink()
    project.build(targets, select=resolve(project.ws, targets, ["state:failed"]))
    for empty in ("reason:forced", "result:interrupted"):  # whoever asks in a script gets an answer
        outcome = project.build(targets, select=resolve(project.ws, targets, [empty]))
        assert (outcome.results, outcome.is_success) == ({}, True)
    with pytest.raises(SelectionError, match="no target is `state:failed`"):
        project.build(targets, select=resolve(project.ws, targets, ["state:failed"]))


@pytest.mark.parametrize("word", ["state:stal", "reason:input", "result:fialed"])
def test_an_unknown_question_is_a_mistake(project: Project, word: str) -> None:
    with pytest.raises(SelectionError, match="is no question"):
        asked(project, chain(), word)


def test_readers_are_those_whose_rows_read_the_fact(project: Project) -> None:
    project.build([*table(), *chain()])
    assert readers_of(project.ws, lambda fact: fact == "y") == {"table:main"}
    assert readers_of(project.ws, lambda fact: fact == "q") == set()
