"""How a build goes about it, apart from what is asked of it. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from loopbuild.engine.borrowed import Borrowed
from loopbuild.engine.demands import NOTHING, Demands


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `build` was told."""

    demands: Demands = NOTHING
    """What runs though it is not stale."""
    frozen: bool = False
    """loop.lock stays as it is, and nothing pinned or historical runs; the outcome names what would change."""
    fail_fast: bool = False
    waits: bool = True
    """Whether to wait for what another build is making; else that is left to it."""
    pull_only: bool = False
    """Run nothing but cheap recipes; what is neither here nor in the remote cache is skipped."""
    borrowed: Borrowed | None = None
    """Results of another loop.lock that stand for whatever is not selected; this one is not written."""
    name: str = ""
    """By which a complete build of a selection is remembered; empty where it is not."""
    proves: bool = True
    """Whether rows may be proven good under changed facts; else they are drawn afresh, as in a clean build."""
    proofs: bool = False
    """Let loop.lock vouch for whole results, so that a remote cache can be believed."""
