"""Requests about a catalog's own things that no tool of it can serve: its nouns, with verbs it does not have.

Decides which deeds a catalog lacks: those of which no word stands in any tool's name. Where no tools are listed, this
is all that can be missing.
"""

from __future__ import annotations

from loopbuild.digest import digest
from loopbuild.llm.names import split_words
from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline import turns
from loopbuild.llm.offline.choices import Choices
from loopbuild.llm.offline.register import polish
from loopbuild.records import ToolCatalog
from loopbuild.stages.synthesis.chatter import Exchange
from loopbuild.stages.synthesis.naming import spoken

_DEEDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "export": ("export {many}", ("export", "download", "spreadsheet", "csv", "file", "pdf"), (
        "export all {many} to a spreadsheet", "save the {many} as a file", "download the {many} as a PDF",
        "put the {many} into a CSV file", "give me the {many} as a spreadsheet",
    )),
    "print": ("print {many}", ("print", "printer", "paper"), (
        "print the {many}", "print out the list of {many}", "send the {many} to the printer",
        "I need the {many} on paper", "make a printout of all {many}",
    )),
    "merge": ("merge {many}", ("merge", "combine", "duplicate", "dedupe", "join"), (
        "merge the two {many} that look the same", "combine the duplicate {many} into one",
        "clean up duplicate {many}", "make one {one} out of the two", "join those two {many}",
    )),
    "translate": ("translate {many}", ("translate", "translation", "language"), (
        "translate the {many} into Spanish", "give me the {many} in French", "put the last {one} into German",
        "have the {many} translated", "I need that {one} in Italian",
    )),
    "chart": ("draw charts", ("chart", "plot", "graph", "draw", "diagram", "report"), (
        "draw a chart of the {many} by month", "plot the {many} over the year", "make a diagram of all {many}",
        "show the number of {many} as a graph", "sketch me a chart of the {many}",
    )),
    "remind": ("set reminders", ("remind", "reminder", "notify", "alert", "watch", "subscribe"), (
        "remind me about the {many} every Monday", "tell me whenever {a_one} changes", "set a reminder for that {one}",
        "alert me when there are new {many}", "subscribe me to the {many}",
    )),
    "undo": ("undo changes", ("undo", "revert", "restore", "rollback"), (
        "undo my last change to the {one}", "bring the {one} back to how it was", "revert the {many} to last week",
        "take back what I did to that {one}", "restore the {one} from yesterday",
    )),
    "import": ("import {many}", ("import", "upload", "load", "migrate", "sync"), (
        "import the {many} from our old system", "upload my own list of {many}", "load the {many} from this sheet",
        "migrate all {many} from the other office", "sync the {many} with my phone",
    )),
    "lock": ("restrict {many}", ("lock", "freeze", "protect", "permission", "access", "hide"), (
        "lock the {one} so nobody can change it", "freeze all {many} until Friday", "hide that {one} from the others",
        "protect the {many} with a password", "make the {many} read only",
    )),
    "sign": ("sign for you", ("sign", "signature", "stamp"), (
        "sign the {one} for me", "put my signature under the {one}", "stamp all {many} as final",
        "add a digital signature to that {one}", "have the {many} signed",
    )),
    "predict": ("forecast {many}", ("predict", "forecast", "estimate", "guess"), (
        "forecast the {many} of next year", "predict how many {many} we will have", "estimate next month's {many}",
        "how many {many} will there be in spring", "guess which {one} comes next",
    )),
    "encrypt": ("disguise {many}", ("encrypt", "cipher", "anonymize", "redact", "mask"), (
        "encrypt the {many}", "black out the names in the {many}", "anonymise all {many} before I share them",
        "redact the private parts of that {one}", "scramble the {many} for the demo",
    )),
}  # fmt: skip
"""What is asked -> how the answer names it, words that would say a tool does it, requests."""
_LEADS = ("{}", "{}", "can you {}", "please {}", "could you {}", "I'd like you to {}", "we need to {}")


def beyond_request(key: str, catalog: ToolCatalog, *, voice: str) -> Exchange:
    """Return a request the catalog comes close to, and the answer that no tool does it."""
    choices = Choices(key, voice=voice)
    names = {word for tool in catalog.tools for word in split_words(tool.name)}
    lacked = [name for name, (_, words, _) in _DEEDS.items() if not names.intersection(words)]
    # A catalog that does all of this is asked for what it is asked for least.
    name = min(lacked or sorted(_DEEDS), key=lambda deed: digest("deed", [key, deed]))
    nouns = sorted({spoken(tool).noun for tool in catalog.tools if tool.entity}) or ["entry"]
    noun = min(nouns, key=lambda one: digest("noun", [key, one]))
    named, _, requests = _DEEDS[name]
    many = noun if m.is_mass(noun) else m.plural(noun)
    text = choices.pick(requests).format(many=many, one=noun, a_one=m.with_article(noun))
    is_question = text.startswith("how ")
    if not is_question and not text.startswith(("I ", "give ", "show ")):
        text = choices.among(_LEADS).format(text)
    user = polish(text + ("?" if is_question or text.startswith(("can ", "could ")) else ""), choices, is_open=False)
    answer = turns.lacking(named.format(many=many, one=noun), choices)
    return Exchange(user=user, answer=answer, kind=name)
