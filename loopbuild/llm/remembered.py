"""Attention keys and values of conversations: what a model computed for a prompt is not computed again a turn later.

Decides how the cache of a running batch grows and what is kept of a conversation that may go on; knows no text. A
conversation is found again by its token ids: nobody need name it, and a changed prompt finds what is still true.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

ROOM = 64
"""Places added at once where a batch's cache is full: the library's own copies all of it for every token."""
KEPT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """One conversation: its tokens and, per layer, keys and values of shape (heads, tokens, width)."""

    ids: tuple[int, ...]
    layers: tuple[tuple[Any, Any], ...]

    def size(self) -> int:
        """Return its bytes."""
        return sum(one.nbytes for pair in self.layers for one in pair)


class Memory:
    """The conversations used last, `KEPT_BYTES` of them at most."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], Kept] = OrderedDict()
        self._bytes = 0

    def find(self, prompt: Sequence[int]) -> tuple[Kept | None, int]:
        """Return a conversation that begins as `prompt` does, and how many tokens they share: not all of the prompt.

        Looked for are earlier prompts that this one takes up whole; the longest wins.
        """
        for length in sorted({len(key) for key in self._kept if len(key) < len(prompt)}, reverse=True):
            key = tuple(prompt[:length])
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found, _shared(found.ids, prompt)
        return None, 0

    def keep(self, prompt: Sequence[int], kept: Kept) -> None:
        """Keep what was computed for `prompt` and its answer; forget the oldest where it gets too much."""
        key = tuple(prompt)
        if (old := self._kept.pop(key, None)) is not None:
            self._bytes -= old.size()
        self._kept[key] = kept
        self._bytes += kept.size()
        while self._bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size()


def remembers(config: Any) -> bool:
    """Return whether every layer attends to the whole conversation: only then can what is kept be cut anywhere."""
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        return not getattr(config, "sliding_window", None) and getattr(config, "model_type", "") in ("llama", "qwen2")
    return set(kinds) == {"full_attention"}


def start(pasts: Sequence[tuple[Kept | None, int]]) -> tuple[Any, int]:
    """Return the cache of a new batch, with each row's past pushed to the right, and the width of that past."""
    from transformers import Cache

    made = Cache(layer_class_to_replicate=_roomy_layer())
    width = max(length for _, length in pasts)
    some = next((kept for kept, _ in pasts if kept is not None), None)
    if some is None or not width:
        return made, 0
    for number, (sample, _) in enumerate(some.layers):
        sides = []
        for side in (0, 1):
            held = sample.new_zeros((len(pasts), sample.shape[0], width + ROOM, sample.shape[2]))
            for row, (kept, length) in enumerate(pasts):
                if kept is not None and length:
                    held[row, :, width - length : width] = kept.layers[number][side][:, :length]
            sides.append(held)
        layer = _roomy_layer()()
        layer.begin(*sides, width)
        made.layers.append(layer)
    return made, width


def take_out(cache: Any, place: int, where: Any, ids: Sequence[int]) -> Kept:
    """Copy one row out of a batch's cache; `where` marks its own positions."""
    index = where.nonzero()[:, 0]
    layers = tuple(
        (one.keys[place].index_select(1, index), one.values[place].index_select(1, index)) for one in cache.layers
    )
    return Kept(ids=tuple(ids), layers=layers)


def _shared(known: Sequence[int], prompt: Sequence[int]) -> int:
    most = min(len(known), len(prompt) - 1)
    return next((at for at in range(most) if known[at] != prompt[at]), most)


@cache
def _roomy_layer() -> Any:
    """The library's growing layer, with room: `keys` and `values` are views of what is used."""
    from transformers.cache_utils import DynamicLayer

    class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers is followed as untyped
        held: tuple[Any, Any] | None = None

        def begin(self, keys: Any, values: Any, used: int) -> None:
            self.dtype, self.device = keys.dtype, keys.device
            self.is_initialized = True
            self.held = (keys, values)
            self.keys, self.values = keys[:, :, :used], values[:, :, :used]

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            used = self.get_seq_length()
            needed = used + key_states.shape[-2]
            if self.held is None or self.held[0].shape[2] < needed:
                held = []
                for new, old in ((key_states, self.keys), (value_states, self.values)):
                    grown = new.new_empty((*new.shape[:2], needed + ROOM, new.shape[3]))
                    if used:
                        grown[:, :, :used] = old
                    held.append(grown)
                self.held = (held[0], held[1])
            for held_side, new in zip(self.held, (key_states, value_states), strict=True):
                held_side[:, :, used:needed] = new
            self.keys, self.values = (side[:, :, :needed] for side in self.held)
            return self.keys, self.values

        def batch_select_indices(self, indices: Any) -> None:
            super().batch_select_indices(indices)
            self.held = None

    return RoomyLayer
