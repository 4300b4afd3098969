"""The verb of a tool whose verb the catalog has no entry for: `renew` of `renew_card`, `check in` of `checkIn`.

Pure, a function of the name alone. It is for texts only: what such a tool does to the world stays unknown, because a
word nobody listed proves nothing about effects. A name whose first word may be a noun (`weather_forecast`) gets none.
"""

from __future__ import annotations

_WORDS = """
abandon acknowledge acquire adapt admit advise allow amplify anchor annotate announce appeal appoint appraise
arrest audit authenticate bake ban bathe bill block boil borrow brew brief broadcast calibrate capture certify
charge chill clean collect comb commission conduct consult contact cook correct counsel craft credit
cultivate cut deactivate debit decrease deduct defer deliver demolish deploy deposit diagnose dial dilute direct
discharge disconnect discount dispatch dispense dispose dispute distribute divert donate dose downgrade drain
drill drive dry earn elect email embed empty endorse engage engrave enlarge escort evacuate evaluate evict
examine exchange excuse exempt expedite expel expire express fasten feed fertilize fill fine fire fit fix flush
fly fold forfeit freeze fry fuel fulfil fulfill furnish garnish gather graduate grant greet grind grow guard guide
halve handle harvest heal heat help hide hoist host house immunize impound imprison improve increase inject
inoculate install instruct insure interview introduce invest irrigate isolate issue jail join judge keep kick
knit launder lay lead lease lend lengthen lift light liquidate load lower lubricate maintain marry measure
medicate melt mend mentor mix mount mow nominate nudge nurse oil operate overhaul override own pack paint pair park
pasteurize pawn penalize perform pick plant pledge plough plow polish postpone pour praise prepare prescribe
preserve press print process produce promise propose protect prune publish pull pump punish push quarantine
raise ration reactivate reassign rebook rebuild recall recharge reclaim recline recover recruit recycle redeem
redirect reduce refer refill refinance reheat reissue relay release relocate remit renew renovate rent repair
repay repeat replenish reprimand reprint reroute reschedule rescue resell retire return reverse review reward
rewind ride ring rinse roast rotate sanction sanitize satisfy scrub seal season secure seize sell serve service
sew sharpen shave shorten sign silence sketch slice smoke snooze soak solve sponsor spray spread stack stamp
starve steam sterilize stir stitch stock store strengthen stretch strip subsidize substitute summon supervise
supply swap sweep switch tailor tan tax teach tend terminate thaw tighten tip tow trade train treat triage trim
tune unload unpack upgrade vacate vaccinate vacuum void vote waive wake ward warm warn wash water wax wear weigh
welcome weld wire withdraw wrap yield zip"""
_VERBS = frozenset(_WORDS.split())
_PREFIXES = ("un", "re", "de", "dis")
_ENDINGS = ("ize", "ise", "ify")
_PARTICLES = {
    "check": ("in", "out"), "sign": ("in", "out", "up", "off"), "log": ("in", "out"), "clock": ("in", "out"),
    "opt": ("in", "out"), "turn": ("on", "off", "up", "down"), "switch": ("on", "off"), "shut": ("down", "off"),
    "power": ("on", "off", "up", "down"), "back": ("up",), "roll": ("back", "out"), "pick": ("up",),
    "drop": ("off",), "hand": ("over", "out", "in"), "call": ("off", "back"), "top": ("up",), "take": ("over", "back"),
    "set": ("up",), "scale": ("up", "down"), "spin": ("up", "down"), "phase": ("out",), "give": ("back",),
    "send": ("back", "out"), "write": ("off",), "pay": ("out", "back"), "lay": ("off",), "put": ("away", "back"),
    "wake": ("up",), "lock": ("down", "out"), "start": ("up",), "hold": ("back",), "strike": ("off",),
}  # fmt: skip


def _undone(word: str) -> str:
    """Return what a verb takes back or does again: `pair` of `unpair`, `fuel` of `refuel`; empty for others."""
    return next((word[len(prefix) :] for prefix in _PREFIXES if word.startswith(prefix)), "")


def own_verb(words: list[str], known: str) -> str:
    """Return what a name says is done, where that is not the verb `known` of the catalog; empty where it is.

    `words` are those of the tool's name without its source. A verb of two words wins over the first of them: `check_in`
    is no check.
    """
    if len(words) > 1 and words[1] in _PARTICLES.get(words[0], ()):
        return f"{words[0]} {words[1]}"
    if len(words) < 2 or words[0] == known:
        return ""
    is_verb = words[0] in _VERBS or words[0].endswith(_ENDINGS) or _undone(words[0]) in _VERBS
    return words[0] if is_verb else ""
