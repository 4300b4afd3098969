"""Objects with bad habits, for the laws of the Python sandbox. Standard library only; runs in children."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4


@dataclass
class Parcel:
    """A value that is no plain JSON."""

    weight: float
    due: date


class Habits:
    """Each method is a habit."""

    def __init__(self, fixture: int = 0) -> None:
        self.fixture = fixture
        self.count = 0
        self.parcels = {"P-1": Parcel(1.5, date(2026, 1, 2))}
        self.words: list[str] = []
        self._hidden = object()

    def add(self, word: str) -> dict[str, Any]:
        self.words.append(word)
        self.count += 1
        return {"count": self.count}

    def half_done(self) -> None:
        self.count += 1
        raise ValueError("must be another day")

    def parcel(self) -> Any:
        return {"parcel": self.parcels["P-1"], "tags": {"b", "a"}}

    async def later(self) -> dict[str, bool]:
        return {"later": True}

    def draw(self) -> int:
        return random.randrange(1_000_000)

    def talk(self) -> dict[str, bool]:
        print("hello " * 1000)
        sys.stdout.write('{"ok": "forged"}\n')
        sys.stdout.flush()
        print("loud", file=sys.stderr)
        os.write(1, b'{"ok": "forged"}\n')
        return {"talked": True}

    def listen(self) -> str:
        return sys.stdin.read()

    def look(self) -> dict[str, Any]:
        return {"environment": dict(os.environ), "cwd": os.getcwd(), "files": os.listdir()}  # noqa: PTH109, PTH208

    def litter(self) -> bool:
        with open("note.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write("left behind")
        return True

    def spin(self) -> None:
        while True:
            pass

    def sleep(self) -> None:
        time.sleep(600)

    def hoard(self) -> int:
        return len(bytearray(10**10))

    def recurse(self) -> Any:
        return self.recurse()

    def crash(self) -> None:
        print("about to crash", file=sys.stderr, flush=True)
        os._exit(7)

    def leave(self) -> None:
        sys.exit("goodbye")

    def nan(self) -> float:
        return float("nan")

    def surrogate(self) -> str:
        return "\ud800"

    def thing(self) -> Any:
        return self._hidden

    def flood(self) -> str:
        return "x" * 5_000_000

    def stream(self) -> Iterator[int]:
        yield 1

    def linger(self) -> int:
        return subprocess.Popen(["sleep", "600"]).pid

    def forge(self) -> None:
        for file in range(3, 32):
            try:
                os.write(file, b"nonsense that is no JSON\n")
            except OSError:
                continue


class Minting(Habits):
    """Ids from thin air: the same calls give another state."""

    def mint(self) -> dict[str, str]:
        self.words.append(str(uuid4()))
        return {"id": self.words[-1]}


class Loading(Minting):
    """The same, but it can be told what it was."""

    def state(self) -> dict[str, Any]:
        return {"words": self.words}

    def load(self, state: dict[str, Any]) -> None:
        self.words = state["words"]


class Liar(Habits):
    """Its account of itself cannot be had."""

    def state(self) -> Any:
        return object() if self.count else {}


class Fickle:
    """Begins differently each time."""

    def __init__(self) -> None:
        self.token = str(uuid4())


class Refusing:
    """Cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("not today")


def total(numbers: list[int]) -> dict[str, int]:
    """A function beside the classes."""
    return {"total": sum(numbers)}
