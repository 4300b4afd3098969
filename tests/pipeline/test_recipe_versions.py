"""A recipe whose code changed has a new version, or somebody said why no result changes."""

from __future__ import annotations

import ast

from tests.pipeline.recipe_closures import _spelled, closure, read, recipes


def test_no_recipe_changed_unnoticed() -> None:
    """Else stored results of the old code would pass for results of the new."""
    golden = read()
    changed = [
        recipe.name for recipe in recipes() if golden.get(recipe.name, (0, ""))[:2] != (recipe.version, closure(recipe))
    ]
    assert not changed, (
        f"the code behind {', '.join(changed)} changed: raise the version in pipeline/targets.py if results do, "
        'then run: python -m tests.pipeline.recipe_closures "why the others stay the same"'
    )


def test_comments_docstrings_and_layout_are_no_change_and_code_is() -> None:
    one = 'def f(x):\n    """Say."""\n    return x + 1  # more\n'
    other = "def f( x ):\n\n    return (x + 1)\n"
    assert _spelled(ast.parse(one)) == _spelled(ast.parse(other))
    assert _spelled(ast.parse(one)) != _spelled(ast.parse(one.replace("+ 1", "+ 2")))
