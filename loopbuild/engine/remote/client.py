"""One run's dealings with a remote cache: what is taken, what is given, when to stop asking.

A cache never fails a build: whatever goes wrong here is a miss and, the third time, the end of asking. Which claims
count is decided in `results`, which targets are worth a question in `engine.build`.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from loopbuild.digest import short
from loopbuild.engine.commit import Record, entry_of
from loopbuild.engine.objects import Objects
from loopbuild.engine.remote.patience import Pace, Patience, bounded
from loopbuild.engine.remote.protocol import Remote, RemoteError
from loopbuild.engine.remote.results import (
    MAX_CLAIM_BYTES,
    Blob,
    Claim,
    Trust,
    claim_of,
    decode,
    encode,
    is_believed,
)
from loopbuild.engine.remote.transfer import Absent, Wrong, download, holds, missing_of, named_in, read_entry, upload
from loopbuild.engine.remote.uploads import Uploads

MAX_FAILURES = 3


@dataclass(slots=True)
class Tally:
    """What a run got and gave."""

    restored: int = 0
    restored_bytes: int = 0
    missed: int = 0
    unbelieved: int = 0
    """Results that were there, but neither loop.lock nor a signature spoke for them."""
    uploaded: int = 0
    already_there: int = 0
    """Results not sent because the cache has them, or of paid ones another of the same key."""
    unsent: int = 0
    wrong: int = 0
    """Contents that were not what their names promise, each a miss of one result."""


def _never() -> bool:
    return False


class RemoteCache:
    """A remote as one run uses it. `on_note` is called from the thread that uses this object."""

    def __init__(
        self,
        remote: Remote,
        *,
        trust: Trust,
        secret: bytes = b"",
        may_write: bool = False,
        patience: Patience | None = None,
        on_note: Callable[[str], None],
    ) -> None:
        self.remote = remote
        self.may_write = may_write
        self.asks_first = False
        """Whether what is sent is looked for first, and read where it is found; a build has just looked."""
        self.tally = Tally()
        self._trust: Trust = trust
        self._secret = secret
        self._patience = patience or Patience()
        self._on_note = on_note
        self._uploads = Uploads()
        self._lock = threading.Lock()
        self._notes: list[str] = []
        self._sent: dict[str, tuple[str, int]] = {}
        self._failed_reads = 0
        self._failed_writes = 0
        self._write_trouble = ""
        """What went wrong first when something was sent."""

    @property
    def is_reading(self) -> bool:
        """Whether it is still asked."""
        return self._failed_reads < MAX_FAILURES

    @property
    def is_writing(self) -> bool:
        """Whether results are still sent."""
        return self.may_write and self.is_reading and self._failed_writes < MAX_FAILURES

    # -- taking ----------------------------------------------------------------------------------------------------

    def restore(
        self,
        name: str,
        *,
        target: str,
        is_paid: bool,
        vouched: Collection[str],
        objects: Objects,
        output: str = "",
        is_cancelled: Callable[[], bool] = _never,
    ) -> Claim | None:
        """Bring all objects of a result into the store and return what is claimed about it.

        `name` is its key, or of paid ones the digest of its output. None when there is none, or none to be believed, or
        not all of it, or not the `output` that is wanted.
        """
        if not self.is_reading:
            return None

        def work(pace: Pace) -> Claim | None:
            claim = self._believed(name, target=target, is_paid=is_paid, vouched=vouched, output=output, pace=pace)
            if claim is not None:
                self._fetch(claim, is_paid=is_paid, objects=objects, pace=pace)
            return claim

        claim: Claim | None = None
        try:
            claim = bounded(work, patience=self._patience, is_cancelled=is_cancelled)
        except (Absent, Wrong):
            pass  # one result is not to be had; nothing is wrong with asking for others
        except (RemoteError, ValueError) as error:
            if not is_cancelled():
                self._read_failed(name, error)
        if claim is None:
            self.tally.missed += 1
        else:
            self.tally.restored += 1
        self._say()
        return claim

    def _believed(
        self, name: str, *, target: str, is_paid: bool, vouched: Collection[str], output: str, pace: Pace
    ) -> Claim | None:
        content = read_entry(self.remote, name, limit=MAX_CLAIM_BYTES, pace=pace)
        if content is None:
            return None
        claim = decode(content, name=name)
        is_other = (is_paid and claim.target != target) or (output and claim.output != output)
        if is_other or not is_believed(claim, trust=self._trust, vouched=vouched, secret=self._secret):
            self.tally.unbelieved += 1
            return None
        return claim

    def _fetch(self, claim: Claim, *, is_paid: bool, objects: Objects, pace: Pace) -> None:
        tried: set[str] = set()
        while fetchable := [name for name in missing_of(claim, objects) if name not in tried]:
            for name in fetchable:
                tried.add(name)
                try:
                    download(
                        self.remote, name, claim.blobs[name], objects=objects, is_durable=is_paid, pace=pace
                    )  # fmt: skip
                except Wrong:
                    self.tally.wrong += 1
                    if name in claim.needs:
                        raise
                except Absent:
                    if name in claim.needs:
                        raise
                else:
                    self.tally.restored_bytes += claim.blobs[name].size

    def _read_failed(self, name: str, error: Exception) -> None:
        self._failed_reads += 1
        if self._failed_reads == MAX_FAILURES:
            reason = error.message if isinstance(error, RemoteError) else f"{error} (`ac/{short(name)}`)"
            self._note(f"warning: the remote cache is off for this run after {MAX_FAILURES} failures: {reason}")

    # -- giving ----------------------------------------------------------------------------------------------------

    def offer(self, record: Record, *, objects: Objects) -> None:
        """Send a committed result in the background, if that is allowed."""
        if self.is_writing:
            self._uploads.add(lambda: self._send(record, objects))
        self._say()

    def finish(self, *, is_cancelled: Callable[[], bool] = _never) -> Tally:
        """Wait for uploads within bounds; return what this run got and gave."""
        # A cache that is off gets no more time than one answer would take.
        seconds = self._patience.drain_seconds if self.is_reading else self._patience.read_seconds
        self.tally.unsent = self._uploads.drain(seconds, is_cancelled=is_cancelled)
        if self.tally.unsent and self.is_reading and not is_cancelled():
            self._note(f"warning: {self.tally.unsent} results were not uploaded in time; see `loopbuild cache push`")
        if self.tally.wrong:
            self._note(
                f"warning: `{self.remote.address}` sent other bytes than the name promises, {self.tally.wrong} times; "
                "those results were not taken; `loopbuild cache push` puts them right"
            )
        if 0 < self._failed_writes < MAX_FAILURES:
            self._note(f"warning: {self._failed_writes} of the results were not uploaded: {self._write_trouble}")
        self._say()
        return self.tally

    def _send(self, record: Record, objects: Objects) -> None:
        if not self.is_writing:
            return
        try:
            is_new = self._upload(record, objects)
        except RemoteError as error:
            self._write_failed(error)
        except OSError:
            return  # collected or moved away meanwhile: there is nothing to send any more
        else:
            with self._lock:
                self.tally.uploaded += is_new
                self.tally.already_there += not is_new

    def _upload(self, record: Record, objects: Objects) -> bool:
        names = list(entry_of(record, digest="").needs)
        if record.nature != "pure":
            if self._is_there(record):
                return False
            extra = named_in(names, objects) | ({record.parent} if record.parent else set())
            names += sorted(name for name in extra - set(names) if objects.has(name))
        blobs: dict[str, tuple[str, int]] = {}
        for name in names:
            if name not in self._sent:
                self._sent[name] = upload(self.remote, name, objects=objects, is_there=self._has)
            blobs[name] = self._sent[name]
        entry = encode(claim_of(record, blobs=blobs, secret=self._secret))
        if self.asks_first and record.nature == "pure":
            there = read_entry(self.remote, record.key, limit=MAX_CLAIM_BYTES, pace=Pace(self._patience))
            if there == entry:
                return False
        # A history is continued by a digest that loop.lock names, whatever the key was.
        for name in [record.key] if record.nature == "pure" else [record.output, record.key]:
            self.remote.put("ac", name, io.BytesIO(entry), size=len(entry))
        return True

    def _is_there(self, record: Record) -> bool:
        """Whether the cache holds a result of this key that would be believed: of two paid ones the first stays."""
        content = read_entry(self.remote, record.key, limit=MAX_CLAIM_BYTES, pace=Pace(self._patience))
        if content is None:
            return False
        try:
            claim = decode(content, name=record.key)
        except ValueError:
            return False
        if not is_believed(claim, trust=self._trust, vouched=(), secret=self._secret):
            return False
        return all(self._has(claim.blobs[name]) for name in claim.needs)

    def _has(self, blob: Blob) -> bool:
        """Whether the cache has a content: by what it says of it, or, where there is time, by its bytes.

        One that had other bytes than it said is not believed any more: what belongs there is sent over them.
        """
        if self.tally.wrong or not self.remote.has("cas", blob.sha256, size=blob.size):
            return False
        return not self.asks_first or holds(self.remote, blob, pace=Pace(self._patience))

    def _write_failed(self, error: RemoteError) -> None:
        with self._lock:
            before = self._failed_writes
            self._write_trouble = self._write_trouble or error.message
            self._failed_writes = MAX_FAILURES if error.is_refusal else before + 1
            if before < MAX_FAILURES <= self._failed_writes:
                self._note(f"warning: no more results are uploaded in this run: {error.message}")

    # -- telling ---------------------------------------------------------------------------------------------------

    def _note(self, text: str) -> None:
        self._notes.append(text)

    def _say(self) -> None:
        while self._notes:
            self._on_note(self._notes.pop(0))
