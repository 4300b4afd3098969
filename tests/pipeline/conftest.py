from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from loopbuild.llm.hosted.transport import Transport


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    """Starting litellm takes seconds: the builds of a file share one process that asks."""
    from loopbuild.llm.hosted.transport import Transport
    from tests.llm.provider import Lasting

    made = Lasting(dict(os.environ), names=[], in_flight=8)
    yield made
    Transport.close(made)


@pytest.fixture
def one_transport(monkeypatch: pytest.MonkeyPatch, transport: Transport) -> None:
    """Lets builds in this process ask through `transport`."""
    monkeypatch.setattr("loopbuild.llm.hosted.writers.Transport", lambda *_, **__: transport)
