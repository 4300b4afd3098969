"""Against an unmodified nginx: what one project built, another has without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopbuild.engine.commit import decode_record
from loopbuild.engine.demands import Demands
from loopbuild.engine.objects import Objects
from loopbuild.engine.query import output, output_digest, record
from loopbuild.engine.remote.client import RemoteCache
from loopbuild.engine.remote.http import HttpRemote
from loopbuild.engine.remote.sharing import heal
from loopbuild.engine.selection import parse
from loopbuild.engine.verify import verify
from tests.engine.recipes import TABLE, chain, table
from tests.engine.remote import nginx
from tests.engine.remote.sharing import CHEAP, SECRET, Cached, everything

pytestmark = pytest.mark.skipif(bool(nginx.why_not()), reason=nginx.why_not() or "-")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[nginx.Nginx]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with nginx.running(folder) as found:
        yield found


def test_a_second_project_runs_nothing_and_has_the_same_bytes(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    assert one.share(everything(), HttpRemote(server.url, headers={})).is_success
    one.calls()
    outcome = two.share(everything(), HttpRemote(server.url, headers={}))
    assert outcome.is_success
    assert two.calls() == []
    assert {r.target for r in outcome.of("restored")} == outcome.results.keys() - CHEAP
    assert two.snapshot() == one.snapshot()
    for target in outcome.results:
        assert two.ws.objects.get(output_digest(two.ws, target)) == one.ws.objects.get(output_digest(one.ws, target))
    assert one.notes == two.notes == []


def test_restored_rows_are_reused_one_by_one_after_a_change(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(table(TABLE), HttpRemote(server.url, headers={}))
    two.share(table(TABLE), HttpRemote(server.url, headers={}))
    two.write(words="x=one\ny=TWO\nz=three\n")
    two.share(table(TABLE), HttpRemote(server.url, headers={}))
    assert two.calls() == ["table:main r2"]


def test_a_restored_history_goes_on_from_where_another_machine_left_it(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), HttpRemote(server.url, headers={}))
    two.share(everything(), HttpRemote(server.url, headers={}))
    head = output_digest(one.ws, "checkpoint:a")
    two.write(f0="more\n")
    two.share(everything(), HttpRemote(server.url, headers={}))
    assert output(two.ws, "checkpoint:a") == {"seen": ["a", "more"], "parent": head}
    assert record(two.ws, "checkpoint:a").parent == head


def test_names_are_those_of_the_protocol_and_entries_list_their_blobs(server: nginx.Nginx, tmp_path: Path) -> None:
    import hashlib

    Cached(tmp_path / "one").share(everything(), HttpRemote(server.url, headers={}))
    for body in server.bodies("cas"):
        assert hashlib.sha256(body.read_bytes()).hexdigest() == body.name
    for entry in server.bodies("ac"):
        assert len(entry.name) == 64
        listed = json.loads(entry.read_text())["outputFiles"]
        assert listed
        for blob in listed:
            held = server.folder / "data" / "cache" / "cas" / blob["digest"]["hash"]
            assert held.stat().st_size == int(blob["digest"]["sizeBytes"])


def test_a_second_upload_of_the_same_project_changes_nothing(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), HttpRemote(server.url, headers={}))
    before = {path.name: path.read_bytes() for path in (*server.bodies("ac"), *server.bodies("cas"))}
    two.share(everything(), HttpRemote(server.url, headers={}), demands=Demands(force=parse(["*"])))
    assert {path.name: path.read_bytes() for path in (*server.bodies("ac"), *server.bodies("cas"))} == before


def test_an_evicted_blob_is_a_miss_and_is_sent_again(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two, three = (Cached(tmp_path / name) for name in ("one", "two", "three"))
    one.share(everything(), HttpRemote(server.url, headers={}))
    for body in server.bodies("cas"):
        body.unlink()
    assert two.share(everything(), HttpRemote(server.url, headers={})).is_success
    assert two.snapshot() == one.snapshot()
    assert two.notes == []
    three.calls()
    assert three.share(everything(), HttpRemote(server.url, headers={})).is_success
    assert three.calls() == []
    assert three.snapshot() == one.snapshot()


def test_lost_objects_come_back_from_the_cache_without_a_run(server: nginx.Nginx, tmp_path: Path) -> None:
    one = Cached(tmp_path / "one")
    one.share(everything(), HttpRemote(server.url, headers={}))
    before = one.snapshot()
    for target in ("join:1", "checkpoint:a", "table:main"):
        Path(one.ws.objects.path(output_digest(one.ws, target))).unlink()
    one.calls()
    # The store's own index knows what it had, so no signature is needed.
    outcome = one.share(everything(), HttpRemote(server.url, headers={}), trust="lock", secret=b"")
    assert outcome.counts["restored"] == 3
    assert one.calls() == []
    assert one.snapshot() == before


def test_a_lost_parent_is_fetched_instead_of_being_an_error(server: nginx.Nginx, tmp_path: Path) -> None:
    one = Cached(tmp_path / "one")
    one.share(everything(), HttpRemote(server.url, headers={}))
    parent = output_digest(one.ws, "checkpoint:a")
    Path(one.ws.objects.path(parent)).unlink()
    one.write(f0="more\n")
    assert one.share(everything(), HttpRemote(server.url, headers={})).is_success
    assert output(one.ws, "checkpoint:a")["parent"] == parent


def test_a_clone_continues_the_head_that_only_its_lock_names(server: nginx.Nginx, tmp_path: Path) -> None:
    """What CI does after a change: a fresh folder, the committed lock, another goal."""
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), HttpRemote(server.url, headers={}))
    parent = output_digest(one.ws, "checkpoint:a")
    two.write(f0="more\n")
    (two.root / "loop.lock").write_bytes((one.root / "loop.lock").read_bytes())
    assert two.share(everything(), HttpRemote(server.url, headers={}), trust="lock", secret=b"").is_success
    assert output(two.ws, "checkpoint:a") == {"seen": ["a", "more"], "parent": parent}
    for entry in server.bodies("ac"):
        entry.unlink()
    three = Cached(tmp_path / "three")
    three.write(f0="most\n")
    (three.root / "loop.lock").write_bytes((one.root / "loop.lock").read_bytes())
    (error,) = three.share(everything(), HttpRemote(server.url, headers={}), trust="lock").errors
    assert "is its parent and whose bytes are not here" in error.message


def test_a_frozen_clone_takes_everything_from_the_cache(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), HttpRemote(server.url, headers={}))
    (two.root / "loop.lock").write_bytes((one.root / "loop.lock").read_bytes())
    outcome = two.share(everything(), HttpRemote(server.url, headers={}), trust="lock", frozen=True)
    assert outcome.is_success
    assert outcome.lock_changes == ()
    assert two.calls() == []


def test_a_read_only_server_is_read_and_said_once(tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    with nginx.running(folder, extra=nginx.READ_ONLY) as server:
        assert one.share(everything(), HttpRemote(server.url, headers={})).is_success
        assert two.share(everything(), HttpRemote(server.url, headers={})).is_success
        assert server.bodies("ac") == []
    assert len(one.notes) == 1
    assert "no more results are uploaded in this run" in one.notes[0]
    assert "403" in one.notes[0]


def test_only_what_the_remote_lacks_is_run(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), HttpRemote(server.url, headers={}))
    two.write(f0="other\n")
    two.share(everything(), HttpRemote(server.url, headers={}))
    ran = {line.split()[0] for line in two.calls()}
    assert ran == {"read:0", "join:0", "join:1", "join:3", "total:all", "checkpoint:a"}


def test_a_pull_runs_nothing_and_says_what_is_missing(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), HttpRemote(server.url, headers={}))
    two.write(f0="other\n")
    outcome = two.share(everything(), HttpRemote(server.url, headers={}), pull_only=True)
    assert two.calls() == []
    assert {result.target for result in outcome.of("restored")} == {
        "read:1", "read:2", "read:3", "join:2", "table:main",
    }  # fmt: skip
    assert {"read:0", "join:1", "total:all", "checkpoint:a"} <= {result.target for result in outcome.of("skipped")}
    two.share(everything(), HttpRemote(server.url, headers={}))
    assert {line.split()[0] for line in two.calls()} == {
        "read:0", "join:0", "join:1", "join:3", "total:all", "checkpoint:a",
    }  # fmt: skip


def test_verify_fetches_lost_trained_objects_back(server: nginx.Nginx, tmp_path: Path) -> None:
    one = Cached(tmp_path / "one")
    one.share(everything(), HttpRemote(server.url, headers={}))
    path = Path(one.ws.objects.path(output_digest(one.ws, "checkpoint:a")))
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"rotten")
    cache = RemoteCache(HttpRemote(server.url, headers={}), trust="lock", on_note=one.notes.append)
    with one.ws.scratch() as scratch:
        objects = Objects(one.ws.objects.folder, scratch=scratch)
        found = verify(
            one.ws,
            is_full=True,
            natures={},
            heal=lambda entry: heal(cache, entry, objects, is_cancelled=lambda: False),
            on_note=one.notes.append,
        )
    (damage,) = found.damages
    assert (damage.target, damage.fate) == ("checkpoint:a", "fetched")
    assert found.is_sound
    assert path.read_bytes() == content


def test_a_large_body_crosses_whole(server: nginx.Nginx, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    text = "".join(f"{number}\n" for number in range(400_000))
    for project in (one, two):
        project.write(f0=text)
        project.share(chain(), HttpRemote(server.url, headers={}))
    assert two.calls() == []
    assert two.snapshot() == one.snapshot()


@pytest.mark.parametrize("how", ["cut", "same size"])
@pytest.mark.parametrize("size", [10, 200_000])
def test_a_cache_whose_bodies_were_overwritten_is_put_right(
    server: nginx.Nginx, tmp_path: Path, how: str, size: int
) -> None:
    """By a build that met the wrong bytes, and by a push: later ones take everything from it again."""
    text = "x" * size + "\n"

    def shared(name: str, **more: bool) -> Cached:
        project = Cached(tmp_path / name)
        project.write(f0=text)
        project.share(everything(), HttpRemote(server.url, headers={}), **more)
        return project

    def spoil() -> None:
        for path in (tmp_path / "nginx" / "data" / "cache" / "cas").iterdir():
            content = path.read_bytes()
            path.write_bytes(content[:-1] if how == "cut" else b"?" * len(content))

    one = shared("one")
    spoil()
    two = shared("two")
    ran = one.calls()
    assert ran
    assert len(two.calls()) == len(ran)
    assert two.snapshot() == one.snapshot()
    (note,) = two.notes
    assert "sent other bytes than the name promises" in note
    assert shared("three").calls() == []
    spoil()
    cache = RemoteCache(
        HttpRemote(server.url, headers={}), trust="hmac", secret=SECRET, may_write=True, on_note=one.notes.append
    )
    cache.asks_first = True
    with one.ws.reading() as journal:
        entries = list(journal.current().values())
    for entry in entries:
        cache.offer(decode_record(one.ws.objects.get(entry.record)), objects=one.ws.objects)
    cache.finish()
    assert shared("four").calls() == []
