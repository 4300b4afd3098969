"""A slow, failing, lying or full server: the build is correct, short, and nothing untrue is believed."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from loopbuild.digest import canonical
from loopbuild.engine.query import output
from loopbuild.engine.remote.http import HttpRemote
from tests.engine.remote import hostile
from tests.engine.remote.hostile import Handler, Server
from tests.engine.remote.sharing import QUICK, SECRET, Cached, everything

IN_TIME = 20.0


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Cached:
    project = Cached(tmp_path_factory.mktemp("clean"))
    project.build(everything(), proofs=True)
    return project


@pytest.fixture
def server() -> Iterator[Server]:
    with hostile.running() as found:
        yield found


def remote(server: Server, **headers: str) -> HttpRemote:
    return HttpRemote(server.url, headers=headers)


def hasty(server: Server) -> HttpRemote:
    return HttpRemote(server.url, headers={}, connect_seconds=0.3, read_seconds=0.3)


def filled(server: Server, folder: Path) -> Cached:
    """A server that holds everything, honestly."""
    project = Cached(folder)
    assert project.share(everything(), remote(server)).is_success
    assert project.cache is not None
    assert project.cache.tally.uploaded == 11
    server.seen.clear()
    return project


def cut(handler: Handler, method: str) -> bool:
    body = handler.server.bodies.get(handler.path, b"")
    if method != "GET" or len(body) < 2:
        return False
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return True


def answering(code: int, *, to: str = "GET PUT HEAD") -> Callable[[Handler, str], bool]:
    def misbehave(handler: Handler, method: str) -> bool:
        if method not in to.split():
            return False
        handler.answer(code)
        return True

    return misbehave


def hanging(handler: Handler, method: str) -> bool:
    del method
    handler.hang()
    return True


def trickling(handler: Handler, method: str) -> bool:
    if method != "GET":
        return False
    handler.trickle(b"x" * 10_000)
    return True


def trickling_headers(handler: Handler, method: str) -> bool:
    """No byte of a body ever comes, so only the clock can tell."""
    del method
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    handler.wfile.flush()
    for _ in range(300):
        if handler.server.closing.is_set():
            break
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)
    handler.close_connection = True
    return True


def lying(handler: Handler, method: str) -> bool:
    """Other bytes of the same length under every content's name."""
    body = handler.server.bodies.get(handler.path, b"")
    if method != "GET" or "/cas/" not in handler.path or not body:
        return False
    handler.answer(200, body.swapcase())
    return True


def flooding(handler: Handler, method: str) -> bool:
    if method != "GET":
        return False
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    chunk = b"x" * 65536
    while not handler.server.closing.is_set():
        handler.wfile.write(b"10000\r\n" + chunk + b"\r\n")
    return True


def garbage(handler: Handler, method: str) -> bool:
    if method != "GET" or "/ac/" not in handler.path:
        return False
    handler.answer(200, b'{"stdoutRaw": "' + b"[" * 3000 + b'"}')
    return True


def no_contents(handler: Handler, method: str) -> bool:
    if "/cas/" not in handler.path or method == "PUT":
        return False
    handler.answer(404)
    return True


def no_http(handler: Handler, method: str) -> bool:
    del method
    handler.wfile.write(b"220 mail.example.com ready\r\n")
    handler.close_connection = True
    return True


FAULTS = {
    "404": answering(404, to="GET HEAD"),
    "500": answering(500),
    "503 to reads": answering(503, to="GET HEAD"),
    "401": answering(401),
    "507 to writes": answering(507, to="PUT"),
    "413 to writes": answering(413, to="PUT"),
    "403 to writes": answering(403, to="PUT"),
    "405 to writes": answering(405, to="PUT"),
    "hangs": hanging,
    "slow trickle": trickling,
    "slow headers": trickling_headers,
    "cut bodies": cut,
    "wrong bytes": lying,
    "endless bodies": flooding,
    "garbage entries": garbage,
    "entries without contents": no_contents,
    "no HTTP at all": no_http,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_build_over_a_bad_server_is_as_a_build_without_one(
    server: Server, tmp_path: Path, clean: Cached, fault: str
) -> None:
    filled(server, tmp_path / "filled")
    server.misbehave = FAULTS[fault]
    project = Cached(tmp_path / "project")
    began = time.monotonic()
    assert project.share(everything(), hasty(server), patience=QUICK).is_success
    assert time.monotonic() - began < IN_TIME
    assert project.snapshot() == clean.snapshot()
    for target in ("checkpoint:a", "table:main", "total:all"):
        assert output(project.ws, target) == output(clean.ws, target)
    assert len(project.notes) <= 2
    server.misbehave = lambda handler, method: False
    project.calls()
    assert project.build(everything(), proofs=True).counts == {"fresh": 13}
    assert project.calls() == []


@pytest.mark.parametrize("fault", ["500", "401", "hangs", "no HTTP at all"])
def test_three_failures_end_the_asking_with_one_warning(server: Server, tmp_path: Path, fault: str) -> None:
    filled(server, tmp_path / "filled")
    server.misbehave = FAULTS[fault]
    project = Cached(tmp_path / "project")
    project.share(everything(), hasty(server), may_write=False, patience=QUICK)
    (warning,) = project.notes
    assert warning.startswith("warning: the remote cache is off for this run after 3 failures: ")
    assert sum("/ac/" in path for _, path in server.seen) == 3


def test_wrong_bytes_are_a_miss_of_one_result_and_told_once(server: Server, tmp_path: Path) -> None:
    """A cache whose contents were damaged on one shelf still has the others."""
    one = filled(server, tmp_path / "filled")
    spoilt = hashlib.sha256(one.ws.objects.get(one.entry("read:1").output)).hexdigest()

    def lying_once(handler: Handler, method: str) -> bool:
        return spoilt in handler.path and lying(handler, method)

    server.misbehave = lying_once
    one.calls()
    project = Cached(tmp_path / "project")
    assert project.share(everything(), hasty(server), may_write=False, patience=QUICK).is_success
    assert project.calls() == ["read:1 run"]
    (warning,) = project.notes
    assert "sent other bytes than the name promises" in warning


def test_a_server_that_is_not_there_costs_seconds_and_one_warning(tmp_path: Path, clean: Cached) -> None:
    project = Cached(tmp_path / "project")
    with hostile.running() as server:
        gone = server.url
    assert project.share(everything(), HttpRemote(gone, headers={})).is_success
    assert project.snapshot() == clean.snapshot()
    assert sum("is off for this run" in note for note in project.notes) == 1


@pytest.mark.parametrize("code", [403, 405, 413])
def test_a_server_that_takes_nothing_is_asked_for_results_all_the_same(
    server: Server, tmp_path: Path, code: int
) -> None:
    filled(server, tmp_path / "filled")
    server.misbehave = answering(code, to="PUT")
    project = Cached(tmp_path / "project")
    project.write(f0="other\n")
    project.share(everything(), remote(server))
    assert project.cache is not None
    assert project.cache.tally.restored == 5
    (warning,) = project.notes
    assert f"no more results are uploaded in this run: `{server.url}` answered {code}" in warning


def poisoned(server: Server, project: Cached, target: str, value: object) -> None:
    """Let the entry of a target's key claim another output; its contents are all there, under their right names."""
    with project.ws.reading() as journal:
        entry = journal.current_of(target)
    assert entry is not None
    path = f"/cache/ac/{entry.key}"
    body = canonical(value)
    sha256, name = hashlib.sha256(body).hexdigest(), blake3(body).hexdigest()
    inside = json.loads(base64.b64decode(json.loads(server.bodies[path])["stdoutRaw"]))
    inside["needs"][0] = name
    inside["blobs"][name] = {"sha256": sha256, "size": len(body)}
    server.bodies[f"/cache/cas/{sha256}"] = body
    server.bodies[path] = canonical({"stdoutRaw": base64.b64encode(canonical(inside)).decode()})


@pytest.mark.parametrize("trust", ["lock", "hmac"])
@pytest.mark.parametrize("secret", [b"", SECRET])
def test_a_poisoned_entry_is_not_believed(
    server: Server, tmp_path: Path, clean: Cached, trust: str, secret: bytes
) -> None:
    honest = filled(server, tmp_path / "filled")
    for target in ("read:1", "join:2", "checkpoint:a"):
        poisoned(server, honest, target, {"lines": ["evil"], "seen": ["evil"]})
    project = Cached(tmp_path / "project")
    assert project.share(everything(), remote(server), trust=trust, secret=secret, may_write=False).is_success
    assert project.snapshot() == clean.snapshot()
    assert project.cache is not None
    assert project.cache.tally.unbelieved >= 3


def test_who_trusts_the_server_believes_it(server: Server, tmp_path: Path) -> None:
    """The other side of the test before: the poison works, and only trust keeps it out."""
    honest = filled(server, tmp_path / "filled")
    poisoned(server, honest, "read:1", {"lines": ["evil"]})
    project = Cached(tmp_path / "project")
    project.share(everything(), remote(server), trust="server", secret=b"", may_write=False)
    assert output(project.ws, "read:1") == {"lines": ["evil"]}


def test_the_lock_vouches_for_what_it_names_and_for_nothing_else(server: Server, tmp_path: Path) -> None:
    honest = filled(server, tmp_path / "filled")
    project = Cached(tmp_path / "project")
    project.share(everything(), remote(server), trust="lock", secret=b"", may_write=False)
    assert project.cache is not None
    assert project.cache.tally.restored == 0
    clone = Cached(tmp_path / "clone")
    (clone.root / "loop.lock").write_bytes((honest.root / "loop.lock").read_bytes())
    assert clone.share(everything(), remote(server), trust="lock", secret=b"", may_write=False).is_success
    assert clone.calls() == []
    assert clone.snapshot() == honest.snapshot()
    edited = Cached(tmp_path / "edited")
    (edited.root / "loop.lock").write_bytes((honest.root / "loop.lock").read_bytes())
    edited.write(f1="edited\n")
    replay(server, honest, edited)
    assert edited.share(everything(), remote(server), trust="lock", secret=b"", may_write=False).is_success
    assert output(edited.ws, "read:1") == {"lines": ["edited"]}


def replay(server: Server, honest: Cached, victim: Cached, *, is_verbatim: bool = False) -> None:
    """Offer what was true of an earlier key, signature and all, under the key the victim asks for now."""
    twin = Cached(victim.root.parent / "twin")
    twin.write(f1="edited\n")
    twin.build(everything())
    with honest.ws.reading() as old, twin.ws.reading() as new:
        before, after = old.current_of("read:1"), new.current_of("read:1")
    assert before is not None
    assert after is not None
    entry = server.bodies[f"/cache/ac/{before.key}"]
    inside = json.loads(base64.b64decode(json.loads(entry)["stdoutRaw"]))
    if not is_verbatim:
        inside["key"] = after.key
    server.bodies[f"/cache/ac/{after.key}"] = canonical({"stdoutRaw": base64.b64encode(canonical(inside)).decode()})


@pytest.mark.parametrize("is_verbatim", [False, True])
def test_a_signed_entry_is_true_of_its_own_key_only(server: Server, tmp_path: Path, is_verbatim: bool) -> None:
    honest = filled(server, tmp_path / "filled")
    project = Cached(tmp_path / "project")
    project.write(f1="edited\n")
    replay(server, honest, project, is_verbatim=is_verbatim)
    project.share(everything(), remote(server), may_write=False)
    assert output(project.ws, "read:1") == {"lines": ["edited"]}


@pytest.mark.parametrize("path", ["../../evil.txt", "/etc/evil", "a/../../evil", "a//b", ""])
def test_even_a_trusted_server_publishes_nothing_outside(server: Server, tmp_path: Path, path: str) -> None:
    honest = filled(server, tmp_path / "filled")
    with honest.ws.reading() as journal:
        entry = journal.current_of("total:all")
    assert entry is not None
    place = f"/cache/ac/{entry.key}"
    inside = json.loads(base64.b64decode(json.loads(server.bodies[place])["stdoutRaw"]))
    inside["published"] = {path: inside["needs"][-1]}
    server.bodies[place] = canonical({"stdoutRaw": base64.b64encode(canonical(inside)).decode()})
    project = Cached(tmp_path / "project")
    assert project.share(everything(), remote(server), trust="server", may_write=False).is_success
    assert "total:all run" in project.calls()
    assert not list(tmp_path.rglob("*evil*"))


def test_failed_and_interrupted_results_are_never_uploaded(server: Server, tmp_path: Path) -> None:
    project = Cached(tmp_path / "project")
    project.write(words="x=one\ny=bad\nz=three\n")
    outcome = project.share(everything(), remote(server))
    assert {result.target for result in outcome.of("failed")} == {"table:main"}
    with project.ws.reading() as journal:
        names = {name for entry in journal.current().values() for name in (entry.key, entry.output)}
        failed = {key for key, _ in journal.failures().values()}
    asked = {path.rpartition("/")[2] for path in server.bodies if "/ac/" in path}
    assert failed
    assert not failed & asked
    assert asked <= names


def test_nobody_is_followed_to_another_host(server: Server, tmp_path: Path) -> None:
    with hostile.running() as elsewhere:
        filled(elsewhere, tmp_path / "filled")

        def redirect(handler: Handler, method: str) -> bool:
            del method
            handler.answer(307, Location=elsewhere.url.removesuffix("/cache") + handler.path)
            return True

        server.misbehave = redirect
        project = Cached(tmp_path / "project")
        assert project.share(everything(), remote(server, Authorization="Bearer secret")).is_success
        assert elsewhere.seen == []
        assert project.cache is not None
        assert project.cache.tally.restored == 0


def test_redirects_within_the_host_are_followed(server: Server, tmp_path: Path) -> None:
    filled(server, tmp_path / "filled")

    def redirect(handler: Handler, method: str) -> bool:
        if method != "GET" or "/moved" in handler.path:
            handler.path = handler.path.replace("/moved", "")
            return False
        handler.answer(302, Location="/moved" + handler.path)
        return True

    server.misbehave = redirect
    project = Cached(tmp_path / "project")
    project.share(everything(), remote(server), may_write=False)
    assert project.calls() == []


def test_credentials_are_sent_and_stand_in_nothing_that_is_stored_or_said(server: Server, tmp_path: Path) -> None:
    project = Cached(tmp_path / "project")
    address = server.url.replace("http://", "http://someone:hunter2hunter2@")
    found = HttpRemote(address, headers={"X-Token": "verysecrettoken"})
    project.share(everything(), found)
    sent = server.headers[0]
    assert sent["X-Token"] == "verysecrettoken"
    assert base64.b64decode(sent["Authorization"].removeprefix("Basic ")) == b"someone:hunter2hunter2"
    server.misbehave = answering(401)
    project.write(f0="x\n", f1="y\n", f2="z\n")
    project.share(everything(), found)
    stored = b"".join(server.bodies.values()) + "".join([*project.notes, found.address]).encode()
    stored += b"".join(path.read_bytes() for path in (project.root / ".loopbuild").rglob("*") if path.is_file())
    for secret in (b"hunter2", b"verysecret", SECRET):
        assert secret not in stored


def test_a_build_that_is_stopped_does_not_wait_for_a_server_that_hangs(server: Server, tmp_path: Path) -> None:
    import os
    import signal
    import threading

    from loopbuild.engine.remote.patience import Patience

    server.misbehave = hanging
    project = Cached(tmp_path / "project")
    stopper = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    stopper.start()
    began = time.monotonic()
    patient = HttpRemote(server.url, headers={})
    assert project.share(everything(), patient, patience=Patience(drain_seconds=1)).is_interrupted
    assert time.monotonic() - began < 10
    stopper.join()
