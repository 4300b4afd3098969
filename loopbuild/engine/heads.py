"""Which earlier output a history continues from.

The head is the one loop.lock names, a constant of the build, so that a branch goes on from its own checkpoint whatever
this store has seen since; without a line it is the result in force. A parent whose bytes are gone is an error, never a
silent new beginning.
"""

from __future__ import annotations

from loopbuild.digest import short
from loopbuild.engine import lockfile
from loopbuild.engine.commit import decode_record
from loopbuild.engine.demands import Demand
from loopbuild.engine.known import Known
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.target import Target
from loopbuild.errors import BuildError


def parent_of(target: Target, key: str, known: Known, demand: Demand) -> str:
    """Return the digest of the output a history continues from, empty for a beginning.

    Raises BuildError when its bytes are gone.
    """
    if target.recipe.nature != "historical" or not target.head or demand == "from_scratch":
        return ""
    mine = known.at_start.get(target.id)
    if mine is not None and mine.key == key:
        # The same goal once more, because its bytes are gone or it is forced: from where it had continued.
        try:
            parent = decode_record(known.objects.get(mine.record)).parent
        except ObjectDamaged:
            raise _lost(target, mine.record, "remembered its parent") from None
    elif lockfile.output_for(known.lock, target.id, key):
        raise _lost(target, known.lock[target.id][0].removeprefix("b3:"), "is what `loop.lock` names")
    else:
        line = known.lock.get(target.head)
        entry = known.at_start.get(target.head)
        parent = line[0].removeprefix("b3:") if line is not None else entry.output if entry is not None else ""
    if parent and not known.is_there(target.head, parent):
        raise _lost(target, parent, "is its parent")
    return parent


def _lost(target: Target, digest: str, what: str) -> BuildError:
    return BuildError(
        f"`{target.id}` needs {short(digest)}, which {what} and whose bytes are not here",
        target=target.id,
        intact="nothing it learns from was touched",
        hint=f"`loopbuild cache pull` where a cache has it, or `loopbuild build --from-scratch {target.id}`",
    )
