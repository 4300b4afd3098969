"""Which predicted call answers which gold call: the assignment of greatest total weight.

Pure and small (at most 64 a side); knows weights only. Ties go to the lowest predicted index, so that equal inputs give
equal pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

LIMIT = 64
"""Calls beyond this many on either side stay unmatched."""


def best_pairs(weights: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return row -> column of the maximum-weight assignment; pairs of weight 0 or less are left out.

    `weights` is a rectangular table of integers, rows gold, columns predicted. The Hungarian method with potentials,
    O(n^3).
    """
    rows = min(len(weights), LIMIT)
    columns = min(len(weights[0]), LIMIT) if rows else 0
    if not rows or not columns:
        return {}
    size = max(rows, columns)
    # Scaled so that a column's index breaks ties without ever outweighing a unit of weight.
    scale = size * size + 1

    def cost(row: int, column: int) -> int:
        if row >= rows or column >= columns:
            return 0
        weight = max(0, weights[row][column])
        return -(weight * scale - column) if weight else 0

    return {
        row: column
        for row, column in enumerate(_assign(size, cost))
        if row < rows and column < columns and weights[row][column] > 0
    }


def _assign(size: int, cost: Callable[[int, int], int]) -> list[int]:
    infinity = float("inf")
    row_potential: list[float] = [0] * (size + 1)
    column_potential: list[float] = [0] * (size + 1)
    taken = [0] * (size + 1)
    for row in range(1, size + 1):
        taken[0] = row
        column = 0
        slack: list[float] = [infinity] * (size + 1)
        way = [0] * (size + 1)
        visited = [False] * (size + 1)
        while taken[column]:
            visited[column] = True
            current, delta, following = taken[column], infinity, 0
            for candidate in range(1, size + 1):
                if visited[candidate]:
                    continue
                reduced = cost(current - 1, candidate - 1) - row_potential[current] - column_potential[candidate]
                if reduced < slack[candidate]:
                    slack[candidate], way[candidate] = reduced, column
                if slack[candidate] < delta:
                    delta, following = slack[candidate], candidate
            for candidate in range(size + 1):
                if visited[candidate]:
                    row_potential[taken[candidate]] += delta
                    column_potential[candidate] -= delta
                else:
                    slack[candidate] -= delta
            column = following
        while column:
            taken[column] = taken[way[column]]
            column = way[column]
    assigned = [0] * size
    for column in range(1, size + 1):
        assigned[taken[column] - 1] = column - 1
    return assigned
