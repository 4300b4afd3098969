"""Builds of one store at the same time: what one is making the others wait for and take, everything else goes on."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from loopbuild.engine import lockfile
from loopbuild.engine.gc import Limits, collect
from loopbuild.engine.locks import Lock, is_held
from loopbuild.engine.plan import plan
from loopbuild.engine.query import output, record
from loopbuild.engine.target import Target
from loopbuild.engine.uptodate import is_unchanged
from tests.engine.conftest import Project
from tests.engine.recipes import GATED, JOIN, PAID, READ, STEPWISE, chain, table
from tests.faults.children import child, everything, exit_code, new_project, wait_until

LIMITS = Limits(max_bytes=0, max_age_seconds=0)


def gated(*units: str) -> list[Target]:
    """Actions that wait until they may end, and a target that joins them with something quick."""
    found = [Target(id=f"gated:{unit}", recipe=GATED, params={"unit": unit}) for unit in units]
    inputs = tuple((f"g{unit}", f"gated:{unit}") for unit in units)
    return [*found, Target(id="join:gated", recipe=JOIN, inputs=inputs)]


def go(project: Project, *units: str) -> None:
    fresh = project.root / "go.new"
    fresh.write_text(" ".join(units))
    fresh.replace(project.root / "go")


def started(project: Project, call: str) -> Callable[[], bool]:
    return lambda: call in project.calls(clear=False)


def begin(project: Project, targets: list[Target], **options: object) -> int:
    """Build in a child; exits 3 when something failed or was left."""

    def work() -> None:
        outcome = project.build(targets, **options)
        if not outcome.is_success:
            os._exit(130 if outcome.is_interrupted else 3)

    return child(work)


def is_settled(project: Project, targets: list[Target]) -> bool:
    """Nothing to do, here and in a clone: index, published files and loop.lock agree."""
    found = plan(project.ws, targets)
    return found.is_nothing_to_do and not found.lock_changes


def test_what_another_build_does_not_make_is_made_meanwhile(project: Project) -> None:
    targets = [*gated("a"), *everything()]
    first = begin(project, targets)
    wait_until(started(project, "gated:a run"))
    assert project.build(targets, select=("read:0+",)).counts["built"] >= 1
    assert project.build(targets, select=("table:main",)).is_success
    go(project, "a")
    assert exit_code(first) == 0
    assert max(Counter(project.calls()).values()) == 1
    assert is_settled(project, targets)


def test_what_another_build_makes_is_waited_for_last_and_taken(project: Project) -> None:
    targets = [*gated("a"), *chain()]
    first = begin(project, targets, select=("gated:a",))
    wait_until(started(project, "gated:a run"))
    second = begin(project, targets)
    wait_until(started(project, "total:all run"))
    go(project, "a")
    assert [exit_code(first), exit_code(second)] == [0, 0]
    assert max(Counter(project.calls()).values()) == 1
    assert is_settled(project, targets)


def test_a_result_that_was_waited_for_counts_as_adopted(project: Project) -> None:
    targets = gated("a")
    first = begin(project, targets, select=("gated:a",))
    wait_until(started(project, "gated:a run"))
    opener = child(lambda: (time.sleep(0.3), go(project, "a")))
    outcome = project.build(targets)
    assert outcome.results["gated:a"].outcome == "adopted"
    assert outcome.results["join:gated"].outcome == "built"
    notes = [event.message for event in project.events if event.kind == "note"]
    assert notes == [f"waiting for pid {first}, which makes `gated:a`"]
    assert [exit_code(first), exit_code(opener)] == [0, 0]


def test_whoever_waits_for_an_action_takes_it_over_when_its_maker_is_killed(project: Project) -> None:
    targets = gated("a")
    first = begin(project, targets)
    wait_until(started(project, "gated:a run"))
    second = begin(project, targets)
    time.sleep(0.2)
    assert project.calls() == ["gated:a run"], "one makes it, the other waits"
    os.kill(first, signal.SIGKILL)
    wait_until(started(project, "gated:a run"), seconds=2)
    go(project, "a")
    assert [exit_code(first), exit_code(second)] == [-signal.SIGKILL, 0]
    assert not list((project.root / ".loopbuild" / "leases").iterdir())


def test_what_an_action_forks_does_not_keep_its_lease(project: Project) -> None:
    """A worker that outlives a killed build, such as one that loads data, must not stop the next one."""
    lock = Lock(project.root / "lease")
    reading, writing = os.pipe()
    holder = os.fork()
    if not holder:
        assert lock.take()
        orphan = os.fork()
        if not orphan:
            os.write(writing, b"here")
            time.sleep(30)
            os._exit(0)
        os.write(writing, f" {orphan}".encode())
        time.sleep(30)
        os._exit(0)
    text = b""
    while b"here" not in text or not (numbers := text.replace(b"here", b"").split()):
        text += os.read(reading, 100)
    assert not lock.take()
    os.kill(holder, signal.SIGKILL)
    exit_code(holder)
    try:
        wait_until(lock.take, seconds=2)
    finally:
        os.kill(int(numbers[0]), signal.SIGKILL)
        lock.release()


def test_two_selections_share_their_parents_and_one_lock_names_both(project: Project, tmp_path: Path) -> None:
    (project.root / "slow").write_text("0.02")
    one = begin(project, everything(), select=("join:0", "join:1", "join:2"))
    two = begin(project, everything(), select=("join:1", "join:2", "join:3", "table:main"))
    assert [exit_code(one), exit_code(two)] == [0, 0]
    assert max(Counter(project.calls()).values()) == 1
    alone = new_project(tmp_path / "alone")
    alone.build(everything(), select=("join:", "table:main"))
    assert (project.root / "loop.lock").read_bytes() == (alone.root / "loop.lock").read_bytes()


def test_builds_after_different_edits_are_both_right_and_the_next_one_is_of_the_last(
    project: Project, tmp_path: Path
) -> None:
    """The first build read the file before it was edited; the second one ends while the first is still at work."""
    targets = [*everything(), Target(id="gated:z", recipe=GATED, params={"unit": "z"}, inputs=(("t", "total:all"),))]
    project.write(f0="first\n")
    first = begin(project, targets)
    wait_until(started(project, "gated:z run"))
    project.write(f0="second\n")
    assert project.build(targets, select=("total:all", "table:main")).is_success
    assert "second" in project.snapshot()
    go(project, "z")
    assert exit_code(first) == 0
    outcome = project.build(targets)
    assert outcome.is_success
    assert not outcome.results["total:all"].rows_run
    assert is_settled(project, targets)
    alone = new_project(tmp_path / "alone")
    alone.write(f0="second\n")
    go(alone, "z")
    alone.build(targets)
    assert project.snapshot() == alone.snapshot()


def test_a_build_that_ends_after_a_newer_one_does_not_pass_for_the_state_of_things(project: Project) -> None:
    """Its results are right for what it read; what is in force, published and locked is what came last."""
    targets = [*everything(), Target(id="gated:z", recipe=GATED, params={"unit": "z"}, inputs=(("t", "total:all"),))]
    project.write(f0="old\n")
    first = begin(project, targets)
    wait_until(started(project, "gated:z run"))
    project.write(f0="new\n")
    assert project.build(targets, select=("total:all", "table:main")).is_success
    go(project, "z")
    assert exit_code(first) == 0
    assert is_unchanged(project.ws, {}, "s") is None
    lines = lockfile.read(project.root)
    with project.ws.reading() as journal:
        assert {name: f"b3:{entry.output}" for name, entry in journal.current().items()} == {
            name: line[0] for name, line in lines.items()
        }
    text = (project.root / ".loopbuild" / "out" / "report.txt").read_text()
    assert text == output(project.ws, "total:all")["lines"][0]
    assert project.build(targets).is_success
    assert is_settled(project, targets)


def test_paid_rows_that_two_builds_want_under_different_keys_are_paid_once(project: Project) -> None:
    (project.root / "slow").write_text("0.03")
    first = begin(project, table(PAID))
    wait_until(lambda: any(call.endswith("paid") for call in project.calls(clear=False)))
    project.write(rows="r1 x\nr2 x y\nr3 z\nr4 y\nr5 x z\nr6 z y\nr7 x\n")
    second = begin(project, table(PAID))
    assert [exit_code(first), exit_code(second)] == [0, 0]
    paid = Counter(call for call in project.calls() if call.endswith("paid"))
    assert paid == {f"table:main r{number} paid": 1 for number in range(1, 8)}
    assert is_settled(project, table(PAID))


def test_one_chain_is_trained_by_one_build_at_a_time(project: Project) -> None:
    """Under another goal too: both would go on from the same head, in the same folder of steps."""
    targets = [
        Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=STEPWISE, inputs=(("data", "read:0"),), head="checkpoint:b"),
        Target(id="checkpoint:b", recipe=STEPWISE, inputs=(("data", "checkpoint:a"),), head="checkpoint:b"),
    ]
    targets[2] = replace(targets[2], inputs=(("data", "read:0"), ("one", "checkpoint:a")))
    (project.root / "slow").write_text("0.01")
    first = begin(project, targets)
    wait_until(started(project, "checkpoint:a step 2"))
    project.write(f0="another goal\n")
    second = begin(project, targets)
    third = begin(project, targets)
    assert [exit_code(pid) for pid in (first, second, third)] == [0, 0, 0]
    runs = [call for call in project.calls() if call.startswith("checkpoint")]
    whole = [call for call in runs if call.endswith(("from 0", "step 6"))]
    assert [call.rpartition(" ")[2] for call in whole] == ["0", "6"] * 4, "none begins before the other has ended"
    assert record(project.ws, "checkpoint:b").target == "checkpoint:b"


def test_who_does_not_wait_leaves_what_others_make_and_does_the_rest(project: Project) -> None:
    targets = [*gated("a"), *chain()]
    first = begin(project, targets, select=("gated:a",))
    wait_until(started(project, "gated:a run"))
    outcome = project.build(targets, waits=False)
    assert outcome.counts == {"built": 9, "deferred": 1, "skipped": 1}
    assert not outcome.is_success
    notes = [event.message for event in project.events if event.kind == "note"]
    assert notes == [f"`gated:a` is left to pid {first}, which makes it"]
    assert outcome.word == "deferred"
    go(project, "a")
    assert exit_code(first) == 0
    assert project.build(targets, waits=False).counts == {"fresh": 10, "built": 1}


def test_a_build_that_waits_stops_when_it_is_asked_to(project: Project) -> None:
    targets = gated("a")
    first = begin(project, targets)
    wait_until(started(project, "gated:a run"))
    second = begin(project, targets)
    wait_until(lambda: len(list((project.root / ".loopbuild" / "tmp").iterdir())) == 2)
    time.sleep(0.1)
    os.kill(second, signal.SIGINT)
    assert exit_code(second) == 130
    go(project, "a")
    assert exit_code(first) == 0


def test_an_index_that_vanishes_under_a_build_is_made_anew_when_that_has_ended(project: Project) -> None:
    """Else the build would go on writing into the old one, and what it pays for would be paid again."""
    targets = [*gated("a"), *table(PAID)]
    first = begin(project, targets)
    wait_until(started(project, "gated:a run"))
    (project.root / ".loopbuild" / "state.db").unlink()
    second = begin(project, targets)
    time.sleep(0.3)
    go(project, "a")
    assert [exit_code(first), exit_code(second)] == [0, 0]
    assert max(Counter(project.calls()).values()) == 1


def test_garbage_is_collected_between_builds_and_never_beside_one(project: Project) -> None:
    targets = [*gated("a"), *chain()]
    first = begin(project, targets)
    wait_until(started(project, "gated:a run"))
    told: list[str] = []
    opener = child(lambda: (time.sleep(0.4), go(project, "a")))
    collect(project.ws, LIMITS, on_note=told.append)
    assert told == [f"waiting for pid {first}, which builds here"]
    assert [exit_code(first), exit_code(opener)] == [0, 0]
    assert is_settled(project, targets)


def test_who_works_here_is_known_without_a_lock(project: Project) -> None:
    assert project.ws.neighbours() == ()
    first = begin(project, gated("a"))
    wait_until(started(project, "gated:a run"))
    (one,) = project.ws.neighbours()
    assert one.pid == str(first)
    assert abs(one.since - time.time()) < 30
    os.kill(first, signal.SIGKILL)
    exit_code(first)
    assert project.ws.neighbours() == ()


def test_a_lock_that_was_deleted_is_no_lock(tmp_path: Path) -> None:
    one, two, three = (Lock(tmp_path / "folder" / "lock") for _ in range(3))
    assert one.take()
    assert not two.take()
    shutil.rmtree(tmp_path / "folder")
    assert two.take()
    assert not three.take()
    assert is_held(two.path)
    two.release()
    assert three.take()


@pytest.mark.parametrize("rounds", [6, pytest.param(150, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_whatever_several_builds_do_to_each_other_the_next_one_is_as_clean(
    project: Project, tmp_path: Path, rounds: int
) -> None:
    """Edits between and during builds, kills of some, selections, workers and a collector, all at once."""
    chance = random.Random(11)
    targets = everything()
    (project.root / "slow").write_text("0.002")
    for number in range(rounds):
        pids = []
        for _ in range(chance.randint(2, 5)):
            project.write(f0=f"{chance.randint(0, 3)}\n", words=f"x={chance.randint(0, 3)}\ny=two\nz=three\n")
            select = chance.choice([(), (), ("join:1",), ("table:main", "join:3"), ("+total:all",)])
            jobs = 2 if chance.random() < 0.1 else 1
            pids.append(begin(project, targets, select=select, jobs=jobs))
            time.sleep(chance.uniform(0, 0.03))
        killed = [pid for pid in pids if chance.random() < 0.25]
        if chance.random() < 0.3:
            pids.append(child(lambda: collect(project.ws, LIMITS, on_note=lambda text: None)))
        time.sleep(chance.uniform(0, 0.05))
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ends = {pid: exit_code(pid) for pid in pids}
        assert all(code == 0 or (pid in killed and code == -signal.SIGKILL) for pid, code in ends.items()), number
        assert project.build(targets).is_success
        assert is_settled(project, targets), number
        assert is_unchanged(project.ws, {}, "s") is not None
        assert not list((project.root / ".loopbuild" / "leases").iterdir())
    (project.root / "slow").unlink()
    alone = new_project(tmp_path / "alone")
    for name in ("f0.txt", "words.txt"):
        shutil.copy(project.root / name, alone.root / name)
    alone.build(targets)
    assert project.snapshot() == alone.snapshot()
