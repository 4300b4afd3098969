"""`python -m loopbuild` and the console script."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from loopbuild.cli.main import run

    # A walk makes a million records that live to its end: look for garbage among the youngest, and rarely.
    gc.set_threshold(50_000, 100)
    code = run(sys.argv[1:])
    gc.freeze()  # leaving must not look for garbage among 20,000 targets, the kernel takes it all
    sys.exit(code)


if __name__ == "__main__":
    main()
