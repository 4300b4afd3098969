"""Folders and buckets as caches: the same layout, the same laws."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from loopbuild.engine.remote.fsspec_store import FsspecRemote
from loopbuild.engine.remote.protocol import RemoteError
from loopbuild.errors import MissingExtra
from tests.engine.remote.sharing import CHEAP, Cached, everything


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/a shared/cache" if request.param == "file" else f"memory://cache{tmp_path}"


def test_a_second_project_runs_nothing_and_has_the_same_bytes(url: str, tmp_path: Path) -> None:
    one, two = Cached(tmp_path / "one"), Cached(tmp_path / "two")
    one.share(everything(), FsspecRemote(url))
    outcome = two.share(everything(), FsspecRemote(url))
    assert two.calls() == []
    assert {r.target for r in outcome.of("restored")} == outcome.results.keys() - CHEAP
    assert two.snapshot() == one.snapshot()
    assert one.notes == two.notes == []


def test_what_is_not_there_is_no_error_and_what_is_too_large_is(url: str) -> None:
    remote = FsspecRemote(url)
    name = "ab" * 32
    assert not remote.has("cas", name)
    assert not remote.get("cas", name, io.BytesIO(), limit=9)
    remote.put("cas", name, io.BytesIO(b"0123456789"), size=10)
    assert remote.has("cas", name)
    with pytest.raises(RemoteError):
        remote.get("cas", name, io.BytesIO(), limit=9)
    held = io.BytesIO()
    assert remote.get("cas", name, held, limit=10)
    assert held.getvalue() == b"0123456789"


def test_an_interrupted_upload_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    class Cut(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("gone")

    remote = FsspecRemote(f"file://{tmp_path}/cache")
    with pytest.raises(RemoteError):
        remote.put("ac", "ab" * 32, Cut(b"x"), size=1)
    assert not remote.has("ac", "ab" * 32)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_refusal(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(RemoteError) as caught:
        FsspecRemote(f"file://{tmp_path}/cache").put("ac", "ab" * 32, io.BytesIO(b"x"), size=1)
    assert caught.value.is_refusal


def test_a_missing_package_or_an_unknown_kind_of_address_is_named() -> None:
    with pytest.raises(MissingExtra):
        FsspecRemote("s3://bucket/cache")
    with pytest.raises(RemoteError):
        FsspecRemote("nowhere://bucket/cache")
