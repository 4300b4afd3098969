"""What shared schemas and paths say: whose object a property belongs to, and whose id a path parameter is.

Pure. Names alone decide, as everywhere in the catalog, but here the source itself has drawn the object: a property of
the schema `charge` is a charge's whatever the operation is called.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from loopbuild.stages.catalog.words import words_of

_WRAPPING = frozenset(
    """simple full minimal nullable basic public private short long dto response request out output result list page
    paginated schema model view data base deleted detailed summary brief ref reference item object entity
    resource of the a""".split()  # noqa: SIM905
)
"""Words that say which edition of a schema is meant: `simple-user` and `UserOut` are a user."""
_KEYS = ("id", "uuid", "key", "token")


@lru_cache(maxsize=65536)
def noun_of(component: str) -> tuple[str, ...]:
    """Return the noun a shared schema is named after, its last word or two; empty when its name says nothing."""
    words = words_of(component.rpartition(".")[2])
    telling = [word for word in words if word not in _WRAPPING and not word.isdigit()]
    return tuple(telling) or words


def members_of(path: str) -> dict[str, tuple[str, ...]]:
    """Return path parameter -> the noun of the collection before it: `/charges/{charge}` names a charge.

    Only where the parameter's own name agrees; `/repos/{owner}` names no repo.
    """
    found: dict[str, tuple[str, ...]] = {}
    parts = path.split("/")
    for before, part in pairwise(parts):
        name = re.fullmatch(r"\{([^}]+)\}", part)
        collection = words_of(before) if before and not before.startswith("{") else ()
        if name is None or not collection:
            continue
        words = words_of(name[1])
        if (
            (words and (words == collection or words[-1:] == collection[-1:]))
            or (len(words) > 1 and words[-1] in _KEYS and collection[-1] in (words[0], words[-2]))
            or words in (("id",), ("uuid",))
        ):
            found[name[1]] = collection
    return found
