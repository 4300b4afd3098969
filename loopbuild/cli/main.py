"""argv -> one verb -> an exit code: the flags, and the one place where errors end. Imports a verb only to run it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from loopbuild.cli.exit_codes import ExitCode

VERBS = {
    "init": "write a loop.yaml from the schema files found here",
    "build": "bring everything up to date: sample, word, filter, train, score, report",
    "plan": "say what `build` would do, and what it would cost; starts nothing",
    "status": "say in one paragraph what is stale, and why",
    "why": "explain why a target is stale, down to the changed line, or why it is not",
    "show": "print a tool, trajectory, task, row, verdict or checkpoint",
    "diff": "say what changed in the tools: against loop.lock, a git revision or another file",
    "check": "check changed schema files: what they break, make stale and cost, and what could be better",
    "graph": "draw which outputs may feed which inputs",
    "export": "write the dataset for other programs: OpenAI chat lines, Hugging Face, TRL",
    "report": "print the scores of the last build and where the HTML report lies",
    "try": "talk to the trained model; its calls run in the sandbox",
    "cache": "look after the stored results, and share them: status, pull, push, verify, gc, key",
    "merge-lock": "merge two branches' loop.lock; also as a git merge driver",
    "log": "say what the last builds ran and how long it took",
    "doctor": "say whether this machine has what the project needs, and how its store stands",
    "schema": "print the JSON Schema of loop.yaml, for editors",
}


def parser(verb: str = "") -> argparse.ArgumentParser:
    """Return the parser; only `verb` gets its own flags, so that `--help` imports no verb."""
    top = argparse.ArgumentParser(
        prog="loopbuild", description="make for tool-calling models", formatter_class=argparse.RawTextHelpFormatter
    )
    top.add_argument("--project", "-C", default=".", metavar="DIR", help="the folder to work in (default: here)")
    top.add_argument("--file", "-f", default="", metavar="FILE", help="another name than loop.yaml")
    top.add_argument("--version", action="store_true", help="print the version")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, sentence in VERBS.items():
        sub = verbs.add_parser(name, help=sentence, description=sentence[0].upper() + sentence[1:] + ".")
        if name == verb:
            _module(name).add_arguments(sub)
    return top


def run(argv: Sequence[str]) -> int:
    """Parse, run, and turn whatever happens into an exit code."""
    from loopbuild.errors import LoopbuildError

    verb = _verb(argv)
    try:
        arguments = parser(verb).parse_args(argv)
    except SystemExit as exc:
        return int(exc.code or 0)
    if arguments.version:
        from loopbuild import __version__

        print(f"loopbuild {__version__}")
        return ExitCode.DONE
    if not arguments.verb:
        parser().print_help()
        return ExitCode.DONE
    try:
        return int(_module(arguments.verb).run(arguments))
    except LoopbuildError as error:
        from loopbuild.cli.console import error_text, say

        say(error_text(error))
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the next `loopbuild build` goes on", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; nothing is wrong. Stop Python from failing again at its own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception:
        return _bug(arguments.project)


def _verb(argv: Sequence[str]) -> str:
    """The verb among the words: the first that is no flag before it and no value of one."""
    words = iter(argv)
    for word in words:
        if word in ("--project", "-C", "--file", "-f"):
            next(words, None)
        elif not word.startswith("-"):
            return word if word in VERBS else ""
    return ""


def _module(verb: str):  # type: ignore[no-untyped-def]
    name = "try_" if verb == "try" else verb.replace("-", "_")
    return import_module(f"loopbuild.cli.commands.{name}")


def _bug(project: str) -> int:
    import traceback

    text = traceback.format_exc()
    place = Path(project) / ".loopbuild"
    log = place / "crash.log" if place.is_dir() else Path("loopbuild-crash.log")
    try:
        log.write_text(text)
        where = f"; the traceback is in `{log}`"
    except OSError:
        sys.stderr.write(text)
        where = ""
    print(f"error: a bug in loopbuild: {text.strip().splitlines()[-1]}{where}", file=sys.stderr)
    print("hint: nothing that was built is lost; please report the traceback", file=sys.stderr)
    return ExitCode.BUG
