"""The committed word lists: verbs and what they do, nouns that name a facet, words that play a role.

Part of what a catalog is made of: a changed list changes entities and effects, so it raises the version of the recipe
`catalog` and belongs into release notes.
"""

from __future__ import annotations

from loopbuild.records import Effect

_READ = """get list find search read fetch lookup look show view query check count describe retrieve browse compare
calculate compute convert validate verify download preview inspect summarize translate estimate predict track analyze
detect extract parse scan test resolve suggest recommend rank select load peek stat is has can diff echo measure match
filter simulate see display locate identify"""
_CREATE = """create add insert new post register schedule book make place submit request order send write generate
upload import invite extend start issue publish reply share clone copy fork record log save enroll hire open commit
compose build draft enter plan notify message mkdir init initialize buy purchase reserve report gzip forward"""
_UPDATE = """update edit set modify change rename move approve reject accept cancel patch put mark complete close reopen
enable disable toggle lock unlock pause resume assign unassign merge sync replace reset restore archive transfer pay
refund adjust reschedule confirm append attach detach checkout rotate sort stop trigger run execute apply follow join
leave like promote demote upsert switch activate deactivate suspend decline deny pin unpin flag unflag label tag
escalate star mute unmute subscribe"""
_DELETE = "delete remove drop destroy purge clear erase uninstall revoke unsubscribe discard unlink rm wipe prune"

VERBS: dict[str, Effect] = {
    **dict.fromkeys(_READ.split(), "read"),
    **dict.fromkeys(_CREATE.split(), "create"),
    **dict.fromkeys(_UPDATE.split(), "update"),
    **dict.fromkeys(_DELETE.split(), "delete"),
}
"""First word of a tool's name -> what calling it does."""

_CHANGING = {
    "check": "in out", "log": "in out", "sign": "in out off up", "clock": "in out", "opt": "in out", "set": "up",
    "roll": "back out", "call": "off back", "scan": "in out",
}  # fmt: skip
PHRASES: dict[str, Effect] = {f"{verb} {word}": "update" for verb, words in _CHANGING.items() for word in words.split()}
"""First two words of a tool's name -> what calling it does, where the first alone says something else: checking a guest
in is no check."""

_NOUNS_TOO = """order log record place request schedule book test check count view post report share copy rank start set
track query record issue draft match filter leave like run sort display diff commit invite look open reserve
estimate transfer import purchase merge plan message label tag flag pin star"""
NOUN_VERBS = frozenset(_NOUNS_TOO.split())
"""Verbs that are nouns as well: `order_list` lists, `leave_balance` leaves nothing."""

_FACETS = """profile balance status detail info information history list data record summary name count id statistic
stat setting config configuration metadata state version page result batch bulk item entry metric"""
FACETS = frozenset(_FACETS.split())
"""Nouns that say which side of an entity is meant: `get_candidate_profile` is about a candidate."""

_ADJECTIVES = """all any new open active available current latest recent my own upcoming pending allowed multiple many
single specific next previous last first existing nearby top popular public private random full the a an annotated
structured tiny long running simulated detailed"""
ADJECTIVES = frozenset(_ADJECTIVES.split())

PREPOSITIONS = frozenset(
    {"by", "for", "from", "with", "in", "of", "to", "on", "at", "as", "into", "via", "per", "using"}
)

_ROLES = """origin destination source target from to sender recipient parent new old pickup dropoff start end current
previous next default primary secondary base first last other related original"""
ROLES = frozenset(_ROLES.split())
"""Words that say which part a value plays, not what it is: `origin_airport`."""

IDENTIFIERS = frozenset({"id", "uuid", "guid", "identifier"})

_FIELDS = """name email phone title type kind status state date time number code address price amount url description
label text slug category count total role_name username mail currency language version key value level"""
FIELDS = frozenset(_FIELDS.split())
"""Last words that name a field of the entity before them: `employee_name`."""

_CONTAINERS = (
    "result item data response list entry record value output content payload body object node element row match"
)
CONTAINERS = frozenset(_CONTAINERS.split())
"""Names of objects and lists that say nothing about what is in them."""

_PEOPLE = """person employee candidate user customer contact patient member client applicant author student teacher
guest passenger attendee participant manager owner recipient sender assignee friend agent driver player doctor tenant"""
PEOPLE = frozenset(_PEOPLE.split())
