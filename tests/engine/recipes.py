"""Stand-in recipes: small enough to read, with a count of every call beside the project."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from loopbuild.digest import digest
from loopbuild.engine.target import Action, Json, Recipe, RowResult, Target, WantedRow

HERE = "tests.engine.recipes"


def note(action: Action, what: str) -> None:
    """One line per call, appended in one write, so that several processes may."""
    log = action.root / "calls.log"
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, f"{action.target} {what}\n".encode())
    os.close(handle)
    slow = action.root / "slow"
    if slow.exists():
        time.sleep(float(slow.read_text()))


def calls(root: Path, *, clear: bool = True) -> list[str]:
    log = root / "calls.log"
    found = log.read_text().splitlines() if log.exists() else []
    if clear and log.exists():
        log.unlink()
    return found


def read(action: Action) -> Json:
    """Lines of a file without comments."""
    note(action, "run")
    text = action.file("text").decode()
    return {"lines": [line for line in text.splitlines() if not line.startswith("#")]}


def join(action: Action) -> Json:
    note(action, "run")
    lines = [line for role in action.inputs() for line in action.input(role)["lines"]]
    return {"lines": [f"{action.params.get('prefix', '')}{line}" for line in lines]}


def total(action: Action) -> Json:
    note(action, "run")
    report = "\n".join(line for role in action.inputs() for line in action.input(role)["lines"])
    kept = action.keep_bytes(report.encode())
    action.publish(action.params.get("to", "report.txt"), kept)
    return {"lines": [report], "report": kept}


def fail(action: Action) -> Json:
    note(action, "run")
    if (action.root / "broken").exists():
        raise RuntimeError("it broke\nin two lines")
    return {"lines": ["whole"]}


def words(action: Action) -> Json:
    """One word per line is a fact."""
    return {"words": dict(line.split("=", 1) for line in action.file("text").decode().splitlines() if "=" in line)}


def wanted(action: Action) -> Iterable[WantedRow]:
    """`r2<r1 x y`: row r2, which was r1 before."""
    for line in action.file("rows").decode().splitlines():
        key, *names = line.split()
        key, _, formerly = key.partition("<")
        yield WantedRow(key=key, request=names, formerly=formerly)


def facts(action: Action) -> dict[str, str]:
    return {name: digest("word", value) for name, value in action.input("words")["words"].items()}


def run_rows(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    known = action.input("words")["words"]
    for row in rows:
        note(action, row.key)
        text = " ".join(known.get(name, "?") for name in row.request)
        error = "the word is bad" if "bad" in text else ""
        yield RowResult(key=row.key, output=None if error else {"text": text}, reads=tuple(row.request), error=error)


def revalidate(action: Action, row: WantedRow, old: Json, changed: tuple[str, ...]) -> RowResult | None:
    note(action, f"revalidate {row.key} {','.join(changed)}")
    known = action.input("words")["words"]
    text = " ".join(known.get(name, "?") for name in row.request)
    if text.lower() != old["text"].lower():
        return None
    return RowResult(key=row.key, output=old, reads=tuple(row.request))


def ask(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Somebody who never answers twice the same."""
    for row in rows:
        note(action, row.key)
        yield RowResult(key=row.key, output={"text": os.urandom(4).hex()}, reads=tuple(row.request))


def fan(action: Action) -> Json:
    note(action, "run")
    return {"units": sorted(action.input("words")["words"])}


def expand_fan(target: Target, output: Json) -> Iterable[Target]:
    for unit in output["units"]:
        yield Target(
            id=f"leaf:{unit}", recipe=SHOW, params={"unit": unit}, inputs=(("words", target.context["words"]),)
        )
    yield Target(
        id="all:main", recipe=JOIN, inputs=tuple((unit, f"leaf:{unit}") for unit in output["units"])
    )  # fmt: skip


def show(action: Action) -> Json:
    note(action, "run")
    unit = action.params["unit"]
    return {"lines": [f"{unit} {len(action.input('words')['words'].get(unit, ''))}"]}


def named(action: Action) -> Json:
    note(action, "run")
    return {"lines": [action.context["name"]]}


def kept_rows(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Rows that store an object each, and say which process made them."""
    for row in rows:
        note(action, f"{row.key} in {os.getpid()}")
        kept = action.keep_bytes(f"{row.key} {row.request}".encode())
        yield RowResult(key=row.key, output={"kept": kept, "words": row.request}, reads=tuple(row.request))


def pay(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Paid calls, one after the other; words.txt says of some keys what goes wrong with them."""
    known = action.input("words")["words"]
    for row in rows:
        note(action, f"{row.key} sent")
        time.sleep(0.002)
        answer = known.get(row.key, f"answer to {row.key}")
        note(action, f"{row.key} paid")
        if answer == "timeout":
            yield RowResult(key=row.key, error="no answer in time, maybe charged")
        elif (cap := action.root / "cap").exists() and _paid_calls(action.root) > int(cap.read_text()):
            yield RowResult(key=row.key, error="the budget is spent")
        elif answer in ("429", "cut", "empty"):
            yield RowResult(key=row.key, error=f"unusable: {answer}")
        elif answer == "crash":
            raise ConnectionError("the line is dead")
        else:
            yield RowResult(key=row.key, output={"text": answer})


def _paid_calls(root: Path) -> int:
    return sum(line.endswith(" paid") for line in calls(root, clear=False))


STEPS = 6


def train_in_steps(action: Action) -> Json:
    """Every complete step is a file that appeared by rename; a torn one has another name and is never looked at."""
    done = max((int(path.stem) for path in action.partial.glob("*.step")), default=0)
    note(action, f"from {done}")
    for step in range(done + 1, STEPS + 1):
        torn = action.partial / "torn"
        torn.write_text("half of a step")
        time.sleep(0.003)
        torn.write_text(f"{action.head_key} {step}")
        note(action, f"step {step}")
        torn.rename(action.partial / f"{step}.step")
    weights = action.keep(action.partial / f"{STEPS}.step")
    seen = (action.head or {"seen": []})["seen"]
    return {"seen": [*seen, *action.input("data")["lines"]], "parent": action.head_key, "weights": weights}


def claims(action: Action) -> Json:
    """Publish or keep what was never stored."""
    action.publish("report.txt", "0" * 64)
    return {"lines": []}


def returns_nonsense(action: Action) -> Json:
    return {"lines": [float("nan")]}


def stray(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """One row that nobody asked for, or one too few."""
    if (action.root / "extra").exists():
        yield RowResult(key="nobody asked", output=1)
    for row in rows[1:]:
        yield RowResult(key=row.key, output=row.key)


def gated(action: Action) -> Json:
    """Go on when the file `go` says the unit of this target, or everything."""
    note(action, "run")
    go = action.root / "go"
    while not go.exists() or not {"all", action.params["unit"]}.intersection(go.read_text().split()):
        time.sleep(0.002)
    return {"lines": [action.params["unit"]]}


def linger(action: Action) -> Json:
    """Write on and on, as a process does that has not heard of its parent's death."""
    (action.root / "worker").write_text(str(os.getpid()))
    for _ in range(2000):
        note(action, "tick")
        time.sleep(0.01)
    return {"lines": []}


def train(action: Action) -> Json:
    note(action, "run")
    steps = action.partial / "steps"
    done = int(steps.read_text()) if steps.exists() else 0
    for step in range(done, 3):
        if (action.root / "kill").exists() and step == 2:
            os._exit(9)
        steps.write_text(str(step + 1))
        note(action, f"step {step}")
    seen = (action.head or {"seen": []})["seen"]
    return {"seen": [*seen, *action.input("data")["lines"]], "parent": action.head_key}


def pay_together(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """All answers of a call come at once; each costs a cent."""
    note(action, f"asked {len(rows)}")
    for number, row in enumerate(rows, 1):
        action.spend(usd=0.01, calls=1)
        note(action, f"{row.key} paid")
        yield RowResult(key=row.key, output={"text": f"answer to {row.key}"}, is_more=number < len(rows))


def pay_twice(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """A first answer that is no use, remembered, and a second one, which may not come."""
    phone = action.hold("phone", lambda: Phone(action.root))
    for row in rows:
        first = action.recall(f"first {row.key}")
        if first is None:
            note(action, f"{row.key} first")
            action.remember(f"first {row.key}", {"text": "no use"})
        if (action.root / "kill").exists():
            os._exit(9)
        note(action, f"{row.key} second")
        yield RowResult(key=row.key, output={"text": f"answer to {row.key} over phone {phone.number}"})


class Phone:
    """Something a build opens once."""

    def __init__(self, root: Path) -> None:
        self.number = 1
        self._log = root / "phone"
        self._note("opened")

    def close(self) -> None:
        self._note("closed")

    def _note(self, what: str) -> None:
        with self._log.open("a") as stream:
            stream.write(f"{what} ")


READ = Recipe(name="read", version=1, run=f"{HERE}:read")
READ_CHEAP = Recipe(name="read", version=1, run=f"{HERE}:read", is_cheap=True)
JOIN = Recipe(name="join", version=1, run=f"{HERE}:join")
TOTAL = Recipe(name="total", version=1, run=f"{HERE}:total")
FAIL = Recipe(name="fail", version=1, run=f"{HERE}:fail")
WORDS = Recipe(name="words", version=1, run=f"{HERE}:words", is_cheap=True)
TABLE = Recipe(name="table", version=1, run=f"{HERE}:run_rows", wanted=f"{HERE}:wanted", facts=f"{HERE}:facts")
PROVEN = Recipe(
    name="proven", version=1, run=f"{HERE}:run_rows", wanted=f"{HERE}:wanted", facts=f"{HERE}:facts",
    revalidate=f"{HERE}:revalidate",
)  # fmt: skip
ASK = Recipe(
    name="ask", version=1, run=f"{HERE}:ask", wanted=f"{HERE}:wanted", facts=f"{HERE}:facts", nature="pinned"
)  # fmt: skip
FAN = Recipe(name="fan", version=1, run=f"{HERE}:fan")
SHOW = Recipe(name="show", version=1, run=f"{HERE}:show")
NAMED = Recipe(name="named", version=1, run=f"{HERE}:named")
GATED = Recipe(name="gated", version=1, run=f"{HERE}:gated")
LINGER = Recipe(name="linger", version=1, run=f"{HERE}:linger")
KEPT = Recipe(name="kept", version=1, run=f"{HERE}:kept_rows", wanted=f"{HERE}:wanted", facts=f"{HERE}:facts")
PAID = Recipe(
    name="pay", version=1, run=f"{HERE}:pay", wanted=f"{HERE}:wanted", facts=f"{HERE}:facts", nature="pinned"
)  # fmt: skip
TOGETHER = Recipe(
    name="together", version=1, run=f"{HERE}:pay_together", wanted=f"{HERE}:wanted", nature="pinned",
    is_request_whole=True,
)  # fmt: skip
TWICE = Recipe(
    name="twice", version=1, run=f"{HERE}:pay_twice", wanted=f"{HERE}:wanted", nature="pinned"
)  # fmt: skip
STRAY = Recipe(name="stray", version=1, run=f"{HERE}:stray", wanted=f"{HERE}:wanted", facts=f"{HERE}:facts")
CLAIMS = Recipe(name="claims", version=1, run=f"{HERE}:claims")
NONSENSE = Recipe(name="nonsense", version=1, run=f"{HERE}:returns_nonsense")
STEPWISE = Recipe(name="stepwise", version=1, run=f"{HERE}:train_in_steps", nature="historical")
TRAIN = Recipe(name="train", version=1, run=f"{HERE}:train", nature="historical")


def chain(count: int = 4) -> list[Target]:
    """read:i from file i, join:i of three neighbours, one total."""
    found = [Target(id=f"read:{i}", recipe=READ, files=(("text", f"f{i}.txt"),)) for i in range(count)]
    for i in range(count):
        near = sorted({(i - 1) % count, i, (i + 1) % count})
        found.append(Target(id=f"join:{i}", recipe=JOIN, inputs=tuple((f"r{j}", f"read:{j}") for j in near)))
    found.append(Target(id="total:all", recipe=TOTAL, inputs=tuple((f"j{i}", f"join:{i}") for i in range(count))))
    return found


def table(recipe: Recipe = TABLE, **params: Json) -> list[Target]:
    """Rows are the lines of rows.txt (key, then the words it shows), words those of words.txt."""
    inputs = (("words", "words:main"),)
    return [
        Target(id="words:main", recipe=WORDS, files=(("text", "words.txt"),)),
        Target(id="table:main", recipe=recipe, params=params, files=(("rows", "rows.txt"),), inputs=inputs),
    ]


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / f"{name}.txt").write_text(text)


def snapshot(root: Path) -> str:
    """Everything a build leaves for people: loop.lock and the published files."""
    out = root / ".loopbuild" / "out"
    files = {str(p.relative_to(out)): p.read_text() for p in sorted(out.rglob("*")) if p.is_file()}
    return json.dumps([(root / "loop.lock").read_text(), files])
