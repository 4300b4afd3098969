"""Names -> normalised words: `roleIDs` and `role_id` are both ("role", "id").

Pure text. Decides splitting, folding and singulars; knows nothing of what a word means.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "geese": "goose", "indices": "index", "matrices": "matrix", "vertices": "vertex",
    "appendices": "appendix", "analyses": "analysis", "bases": "base", "crises": "crisis", "criteria": "criterion",
    "phenomena": "phenomenon", "axes": "axis", "buses": "bus", "statuses": "status", "aliases": "alias",
    "quizzes": "quiz", "caches": "cache", "movies": "movie", "cookies": "cookie", "zombies": "zombie",
    "heroes": "hero", "potatoes": "potato", "tomatoes": "tomato", "knives": "knife", "lives": "life",
    "shelves": "shelf", "halves": "half", "wolves": "wolf", "thieves": "thief", "avalanches": "avalanche",
    "canvases": "canvas", "campuses": "campus", "viruses": "virus", "bonuses": "bonus", "gases": "gas",
    "lenses": "lens", "atlases": "atlas", "biases": "bias", "ties": "tie", "pies": "pie", "headaches": "headache",
}  # fmt: skip
_UNCOUNTABLE_TEXT = """status news gps series species data media information address access process progress success
class business canvas bus gas lens alias basis analysis axis atlas bias virus bonus campus always is this has was us
as its plus minus yes less across versus thus sms mms dns https ios aws cms os css js ts rss sos vs pos gross glass
pass mass boss loss cross press dress stress express compass mess chess kubernetes redis jenkins postgres sales
physics mathematics economics politics logistics analytics statistics metrics goods"""
_UNCOUNTABLE = frozenset(_UNCOUNTABLE_TEXT.split()) - {"metrics", "sales", "statistics"}


@lru_cache(maxsize=65536)
def split_words(name: str) -> tuple[str, ...]:
    """Return the words of `name`, folded but not made singular: split at case, digits and punctuation."""
    text = unicodedata.normalize("NFKC", name)[:1024]
    out: list[str] = []
    current = ""
    for index, char in enumerate(text):
        if not char.isalnum():
            if current:
                out.append(current)
            current = ""
            continue
        if current and _starts_word(text, index, current[-1], char):
            out.append(current)
            current = ""
        current += char
    if current:
        out.append(current)
    return tuple(word.casefold() for word in out)


@lru_cache(maxsize=65536)
def words_of(name: str) -> tuple[str, ...]:
    """Return the normalised words of `name`, each in the singular."""
    return tuple(singular(word) for word in split_words(name))


def singular(word: str) -> str:
    """Return the singular of an English word; what is not known to be a plural stays."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _UNCOUNTABLE or len(word) < 3 or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1]


def _starts_word(text: str, index: int, previous: str, char: str) -> bool:
    if previous.isdigit() != char.isdigit():
        return True
    if not char.isupper():
        return False
    if not previous.isupper():
        return True
    # "HTTPServer" breaks before the S of Server, "userIDs" must not break before its D.
    after = text[index + 1 : index + 2]
    is_plural_end = after == "s" and not text[index + 2 : index + 3].islower()
    return after.islower() and not is_plural_end
