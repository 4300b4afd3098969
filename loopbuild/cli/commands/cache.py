"""`loopbuild cache`: look after the stored results, and share them."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from loopbuild.cli.console import answer, say
from loopbuild.cli.exit_codes import ExitCode
from loopbuild.cli.units import count, duration, size

if TYPE_CHECKING:
    from loopbuild.engine.rerun import Rerun
    from loopbuild.engine.verify import Damage, Verified
    from loopbuild.pipeline.builds import OpenProject
    from loopbuild.pipeline.caching import RemoteStatus

_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_AGES = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
TRUST = {
    "lock": "what loop.lock names",
    "hmac": "what loop.lock names, and what is signed",
    "server": "whatever the server says",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `cache` and its verbs."""
    verbs = parser.add_subparsers(dest="cache_verb", metavar="VERB", required=True)
    verbs.add_parser("status", help="what is stored, what losing it would cost, how the remote cache stands")
    pull = verbs.add_parser("pull", help="fetch results from the remote cache; exit 1 when some are missing there")
    pull.add_argument("select", nargs="*", metavar="TARGET", help="as for build; default all")
    verbs.add_parser("push", help="send every result in force to the remote cache")
    check = verbs.add_parser("verify", help="check stored bytes; exit 1 when something paid or trained is lost")
    check.add_argument("--full", action="store_true", help="read large objects too")
    check.add_argument("--rerun", type=_natural, default=0, metavar="N", help="run N targets again and compare")
    clean = verbs.add_parser("gc", help="remove what nothing needs any more")
    clean.add_argument("--max-size", type=_bytes, default=_bytes("50GB"), metavar="SIZE", help="default 50GB")
    clean.add_argument("--max-age", type=_seconds, default=_seconds("30d"), metavar="AGE", help="default 30d; 0d: all")
    clean.add_argument("--paid", action="store_true", help="trained and paid results too")
    clean.add_argument(
        "--keep-refs",
        action="append",
        default=[],
        metavar="REF",
        help="what the loop.lock of this git revision, or this lock file, names stays too",
    )
    clean.add_argument("--dry-run", "-n", action="store_true", help="only say what would go")
    verbs.add_parser("key", help="print a name for CI caches, the same for the same loop.lock")
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says."""
    from loopbuild.pipeline.builds import open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    verbs = {"status": _status, "pull": _pull, "push": _push, "verify": _verify, "gc": _gc, "key": _key}
    return verbs[arguments.cache_verb](opened, arguments)


def _status(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.pipeline.caching import status

    found = status(opened)
    if arguments.json:
        answer(json.dumps(asdict(found), sort_keys=True))
        return ExitCode.DONE
    lines = [f"Local store: {count(found.objects, 'object')}, {size(found.bytes)}; {found.in_force} results in force"]
    if found.in_force:
        paid = f", {duration(found.paid_seconds)} of it training and model runs" if found.paid_seconds else ""
        lines.append(f"  those made here took {duration(found.seconds)}{paid}")
    lines += _remote_lines(found.remote) if found.remote else ["Remote cache: none; see `engine.remote` in loop.yaml"]
    answer("\n".join(lines))
    return ExitCode.DONE


def _remote_lines(remote: RemoteStatus) -> list[str]:
    lines = [f"Remote cache: {remote.address}" + (f", out of order: {remote.trouble}" if remote.trouble else "")]
    key = f"`{remote.key_name}` is {'set' if remote.has_key else 'not set'}"
    lines.append(f"  believes {TRUST[remote.trust]}; {key}")
    sends = f"sends nothing: {remote.silent_because}" if remote.silent_because else "sends what a build makes"
    lines.append(f"  {sends}{', signed' if remote.has_key and not remote.silent_because else ''}")
    return lines


def _pull(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.cli.progress import progress
    from loopbuild.pipeline.caching import pull

    with progress("none" if arguments.json else "plain") as watch:
        outcome = pull(opened, select=tuple(arguments.select), on_event=watch)
    missing = [result.target for result in outcome.of("skipped", "failed")]
    restored = outcome.of("restored", "adopted")
    if arguments.json:
        answer(json.dumps({"restored": [result.target for result in restored], "missing": missing}))
    else:
        here = len(outcome.results) - len(missing) - len(restored)
        answer(f"Restored {count(len(restored), 'target')}, {here} were here, {len(missing)} are not in the cache")
        for name in missing[:8]:
            answer(f"  {name}")
        if len(missing) > 8:
            answer(f"  and {len(missing) - 8} more")
        if missing:
            answer("Run `loopbuild build` to make them")
    return ExitCode.FAILED if missing or not outcome.is_success else ExitCode.DONE


def _push(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.pipeline.caching import push

    done = push(opened, on_note=say)
    if arguments.json:
        answer(json.dumps({"sent": done.sent, "there": done.already_there, "failed": done.failed}))
    else:
        tail = f"; {done.failed} were not sent" if done.failed else ""
        answer(f"Sent {count(done.sent, 'result')}; {done.already_there} were there{tail}")
    return ExitCode.FAILED if done.failed else ExitCode.DONE


def _verify(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.pipeline.caching import check

    found, reruns = check(
        opened, is_full=arguments.full, reruns=arguments.rerun, seed=time.time_ns(), on_note=say
    )  # fmt: skip
    different = [one for one in reruns if not one.is_same]
    if arguments.json:
        answer(json.dumps(asdict(found) | {"reruns": [asdict(one) for one in reruns]}, sort_keys=True))
    else:
        answer("\n".join(_verified_lines(found, reruns, different)))
    return ExitCode.DONE if found.is_sound and not different else ExitCode.FAILED


def _verified_lines(found: Verified, reruns: list[Rerun], different: list[Rerun]) -> list[str]:
    lines = [f"{damage.what}: {_damage_text(damage)}" for damage in found.damages]
    lines += [f"not repeatable: {one.target}{f': {one.error}' if one.error else ''}" for one in different]
    if not found.is_index_whole:
        lines.append("`.loopbuild/state.db` is damaged; delete it, the next build makes it again")
    if found.unread:
        lines.append(f"{count(found.unread, 'large object was', 'large objects were')} not read; `--full` does")
    if reruns:
        lines.append(f"Ran {count(len(reruns), 'target')} again: {len(reruns) - len(different)} gave the same bytes")
    lost = sum(damage.fate == "lost" for damage in found.damages)
    rest = "all sound" if not found.damages else f"{len(found.damages)} not as they should be, {lost} of them lost"
    return [*lines, f"Checked {count(found.objects, 'object')}, {size(found.bytes_read)} read: {rest}"]


def _damage_text(damage: Damage) -> str:
    what = f"object {damage.name[:8]}" + (f" of {damage.target}" if damage.target else ", which nothing needs")
    if damage.fate == "forgotten":
        return what + ("; the next build makes it again" if damage.target else "; removed")
    if damage.fate == "fetched":
        return f"{what}; fetched from the remote cache"
    took = f" (it took {duration(damage.seconds)})" if damage.seconds else ""
    return f"{what}; it was paid for or trained and is nowhere else{took}"


def _gc(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.engine.gc import Limits
    from loopbuild.pipeline.caching import collect_garbage
    from loopbuild.pipeline.references import referred

    limits = Limits(
        max_bytes=arguments.max_size,
        max_age_seconds=arguments.max_age,
        with_paid=arguments.paid,
        also=tuple(referred(opened.project.root, name).lines for name in arguments.keep_refs),
    )
    done = collect_garbage(opened, limits, is_dry=arguments.dry_run, on_note=say)
    if arguments.json:
        answer(json.dumps(asdict(done), sort_keys=True))
        return ExitCode.DONE
    verb = "Would remove" if arguments.dry_run else "Removed"
    answer(f"{verb} {count(done.removed, 'object')}, {size(done.removed_bytes)}")
    answer(f"{count(done.kept, 'object stays', 'objects stay')}, {size(done.kept_bytes)}")
    if done.paid:
        answer(
            f"  {done.paid:,} of them, {size(done.paid_bytes)}, are parts of trained or paid results "
            "that nothing needs; `--paid` removes them too"
        )
    return ExitCode.DONE


def _key(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.pipeline.cache_key import cache_key

    found = cache_key(opened, system="macos" if sys.platform == "darwin" else sys.platform)
    answer(json.dumps({"key": found}) if arguments.json else found)
    return ExitCode.DONE


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is no number of targets")
    return int(text)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?B)?", text.strip().upper())
    if found is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no size, such as 500MB or 50GB")
    return int(float(found[1]) * _SIZES[found[2] or ""])


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no age, such as 12h or 30d")
    return float(found[1]) * _AGES[found[2]]
