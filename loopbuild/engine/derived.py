"""Values made from inputs and kept for the next action that wants the same of the same inputs.

Hundreds of tables rest on one catalog: decoding it for each of them costs more than all they do with it. Kept by what
the inputs are, so a value can only be found where making it again would give an equal one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MOST = 24
"""Values kept in one process, the last used ones; each belongs to an input that many targets share."""
_kept: OrderedDict[tuple[str, ...], object] = OrderedDict()


def derived(make: Callable[..., T], digests: tuple[str, ...], values: Callable[[], list[object]]) -> T:
    """Return `make(*values())`, remembered under `digests`, the names of those values.

    `make` must be a plain function of its arguments; raises TypeError for one that has anything else to go by.
    """
    if getattr(make, "__closure__", True) is not None:
        raise TypeError(f"`{make!r}` depends on more than its arguments")
    name = (make.__module__, make.__qualname__, *digests)
    if name in _kept:
        _kept.move_to_end(name)
    else:
        _kept[name] = make(*values())
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return _kept[name]  # type: ignore[return-value]
