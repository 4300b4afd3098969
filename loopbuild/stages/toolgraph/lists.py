"""The committed word lists of edge inference: names that say too little, names that never carry a value."""

from __future__ import annotations

_GENERIC = """id name type kind status state date time year title label description url key code value text content
message body query location city price amount currency language number count range
data result total score index order size"""
GENERIC = frozenset(_GENERIC.split())
"""Equal names of these words alone prove nothing."""

_ROLES = """origin destination source target from to sender recipient parent new old pickup dropoff start end current
previous next default primary secondary base first last other related original"""
ROLES = frozenset(_ROLES.split())
"""Words that say which part a value plays: `origin_airport` takes an airport."""

_CONTROL = """limit|offset|page|per page|page size|cursor|page token|starting after|ending before|sort|sort by|order|
order by|direction|field|expand|include|format|lang|verbose|dry run|before|after|since|until|max count|max result|
head|tail|context line"""
CONTROL = frozenset(item.strip() for item in _CONTROL.split("|"))
"""Inputs that steer a listing; no other tool's output belongs there. Singular words joined by a space."""

FREE_TEXT = frozenset({"content", "body", "message", "description", "metadata"})
"""Last words of inputs that a person composes: an equal name is no reason to pass another tool's text on."""

_REFERENCES = """id uuid guid identifier number slug login username sha ref key code digest handle email iban isbn
sku"""
REFERENCES = frozenset(_REFERENCES.split())
"""Last words of names by which something that exists already is referred to."""

IDENTIFIERS = frozenset({"id", "uuid", "guid", "identifier"})

_CONTAINERS = (
    "result item data response list entry record value output content payload body object node element row match"
)
CONTAINERS = frozenset(_CONTAINERS.split())
"""Names of objects and lists that say nothing about what is in them."""

LISTING_VERBS = frozenset({"list", "search", "find", "query", "browse", "lookup"})

TAKING_VERBS = frozenset({"reserve", "book", "buy", "purchase", "order", "rent", "hire", "play"})
"""Verbs that take something that is there already: what they are told about it was found, not made up."""

LOGINS = frozenset({"login", "username"})
"""Names that whoever has an account goes by."""
LOGIN_NAMES = frozenset((word,) for word in LOGINS)

WEAK = frozenset({"username", "login", "sha", "ref"})
"""Names that say too little in an API whose paths tell things apart: a commit's `sha` is no file's."""

STATES = frozenset({("sha",)})
"""Names, as words, of what says in which state a thing is: whoever changes it repeats what it said last."""

SEARCH_TERMS = frozenset({"q", "query", "keyword", "search", "search query", "search term", "term"})
"""Inputs that ask for whatever is called so, singular words joined by a space."""

PLACES = frozenset({"location", "place", "region", "country", "city", "town", "destination", "area"})
"""Entities whose name says where, and inputs that ask where."""

NAMES = frozenset({"name", "title", "short name", "full name", "localized name", "display name"})
