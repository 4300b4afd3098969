"""Files of JSON lines: where one line ends and the next begins."""

from __future__ import annotations


def json_lines(content: bytes | str) -> list[str]:
    """Return the lines of a JSON lines file that hold something.

    Not `str.splitlines`: it also cuts at U+2028, U+0085 and others, which JSON text may hold unescaped.
    """
    text = content if isinstance(content, str) else content.decode("utf-8")
    return [line for line in text.split("\n") if line.strip()]
