"""On which kind of disk a folder lies: shared-memory logs and kernel locks are not to be relied on over a network.

Asks the kernel's table of mounts; where there is none (macOS), every disk passes for a local one.
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "glusterfs",
    "beegfs",
    "fuse.",
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_kind(folder: Path) -> str:
    """Return the kind of network disk a folder lies on, empty for a local one."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    path, found, length = str(folder), "", -1
    for line in lines:
        fields = line.split(" ")
        try:
            place = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
            kind = fields[fields.index("-") + 1]
        except (IndexError, ValueError):
            continue
        # Of two mounts on one place the later one hides the other.
        if len(place) >= length and (path == place or path.startswith(place.rstrip("/") + "/")):
            found, length = kind, len(place)
    is_network = any(found == kind or (kind.endswith(".") and found.startswith(kind)) for kind in NETWORK)
    return found if is_network else ""
