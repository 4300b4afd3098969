"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def duration(seconds: float) -> str:
    """Return `0.4 s`, `41 s`, `5 min 12 s`, `1 h 03 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(number: int, singular: str, plural: str = "") -> str:
    """Return `1 row`, `1,176 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(number: int) -> str:
    """Return `512 B`, `3.1 MB`, `50.0 GB`."""
    amount = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def money(usd: float) -> str:
    """Return `$0.13`, `$1,204.00`, and `$0.0004` where cents say nothing."""
    return f"${usd:,.4f}" if 0 < usd < 0.01 else f"${usd:,.2f}"


def spent_text(spent: Mapping[str, float]) -> str:
    """Return `18 calls, 14,203 tokens, $0.01`; whatever else was used up, by its own name; empty for nothing."""
    rest = dict(spent)
    parts = []
    if "calls" in rest:
        parts.append(count(round(rest.pop("calls")), "call"))
    tokens = rest.pop("prompt_tokens", 0) + rest.pop("completion_tokens", 0)
    if tokens:
        parts.append(count(round(tokens), "token"))
    usd = rest.pop("usd", None)
    parts += [f"{amount:,.0f} {name.replace('_', ' ')}" for name, amount in sorted(rest.items())]
    if usd is not None:
        parts.append(money(usd))
    return ", ".join(parts)


def spent_in(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the sums of several amounts by name."""
    total: dict[str, float] = {}
    for spent in parts:
        for name, amount in spent.items():
            total[name] = total.get(name, 0) + amount
    return total


def percent(k: int, n: int) -> str:
    """Return `0.93 (186 of 200)`; `-` when there is nothing to count."""
    return f"{k / n:.2f} ({k} of {n})" if n else "-"


def table(rows: list[list[str]], *, right: frozenset[int] = frozenset(), indent: str = "", most: int = 0) -> str:
    """Return rows as aligned columns, two spaces apart; the columns in `right` are right-aligned.

    A cell of more than `most` characters moves the rest of its own line and no other.
    """
    if not rows:
        return ""
    widths = [
        max((len(row[i]) for row in rows if i < len(row) and not 0 < most < len(row[i])), default=0)
        for i in range(max(map(len, rows)))
    ]
    lines = []
    for row in rows:
        cells = [cell.rjust(widths[i]) if i in right else cell.ljust(widths[i]) for i, cell in enumerate(row)]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
