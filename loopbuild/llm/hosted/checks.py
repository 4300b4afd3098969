"""What is wrong with a text, as far as the request alone tells; each fault with its reason code.

The filters judge rows again, with the tools at hand. What is found here is found while asking again still helps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loopbuild.llm.asked import asks_wrongly
from loopbuild.llm.hosted.asking import missing_of, turns_of
from loopbuild.llm.names import IDENTIFIER, runs_in
from loopbuild.llm.presence import is_said, spellings, without
from loopbuild.llm.protocol import Argument, WriteAnswer, WriteRequest
from loopbuild.records import Json

_WORDS = {"low": (2, 120), "high": (2, 60)}
_REASONING_WORDS = 40
_TELLING = re.compile(r"[\w@.+/:-]*\d[\w@.+/:-]*|[\w.+-]+@[\w.-]+")
_COUNTED = re.compile(r"(?m)(?:^|(?<=\s))\d{1,2}[.)](?=\s)")
_COMMON = (
    "a about all an and any are as at be by can could do first for from get give has have hello help hey hi how i i'd "
    "i'll i'm if in is it just last let like make me my need now of on one or our out please put second see show so "
    "tell thanks that the their them then there these they this those to up us want was we what when which who will "
    "with would you your"
)
_ENGLISH = frozenset(_COMMON.split())


def faults_in(request: WriteRequest, answer: WriteAnswer) -> list[str]:
    """Return what is wrong, most telling first, each as `code: detail`; empty when the text can be used."""
    return list(dict.fromkeys([*_shape(request, answer), *_said(request, answer), *_own_words(request, answer)]))


def _shape(request: WriteRequest, answer: WriteAnswer) -> Iterator[str]:
    gap = missing_of(request)
    users, asked, turns = 2 if gap else 1, 1 if gap else 0, len(turns_of(request))
    if len(answer.user_turns) != users:
        yield f"form: {len(answer.user_turns)} user turns instead of {users}"
    if len(answer.assistant_turns) != asked:
        yield f"form: {len(answer.assistant_turns)} assistant turns instead of {asked}"
    if len(answer.reasoning) != turns:
        yield f"form: {len(answer.reasoning)} entries of reasoning instead of {turns}"
    texts = (*answer.user_turns, *answer.assistant_turns, answer.answer)
    if not all(text.strip() for text in texts):
        yield "form: an empty text"
    if gap is not None and len(answer.assistant_turns) == 1:
        wrong = asks_wrongly(answer.assistant_turns[0], {gap.words, gap.entity if gap.is_key else ""})
        if wrong:
            yield f"question: {wrong}; it is to ask for the {gap.words}"
    words = len(" ".join(answer.user_turns).split())
    low, high = _WORDS.get(request.level, (2, 120))
    if not low <= words <= high:
        yield f"form: {words} words of the person, between {low} and {high} are wanted"
    text = " ".join((*answer.user_turns, *answer.reasoning))
    if len(text.split()) >= 5 and not _ENGLISH & set(re.findall(r"[a-z']+", text.lower())):
        yield "language: not English"


def _said(request: WriteRequest, answer: WriteAnswer) -> Iterator[str]:
    text = "\n".join(answer.user_turns)
    theirs = [(value, argument) for argument in _arguments(request) if argument.origin in ("user", "missing")
              for value in _scalars(argument.value)]  # fmt: skip
    said = [value for value, _ in theirs]
    gap = missing_of(request)
    for value, argument in theirs:
        if not is_said(value, text, among=(value,) if argument.kind == "enum" else ()):
            yield f"value_missing: the person does not say {value!r}"
    for value in _scalars(gap.value) if gap is not None and len(answer.user_turns) == 2 else ():
        among = (value,) if gap is not None and gap.kind == "enum" else ()
        if is_said(value, answer.user_turns[0], among=among):
            yield f"value_leaked: the first user turn says {value!r}, which is to be asked for"
        elif not is_said(value, answer.user_turns[1], among=among):
            yield f"value_missing: the second user turn does not give {value!r}"
    named = [] if request.condition is None else _scalars(request.condition.value)
    known = [*said, *named]
    forms = [form for value in known for form in spellings(value)]
    for argument in _arguments(request):
        for value in _scalars(argument.value) if argument.origin == "step" else ():
            is_telling = len(str(value)) >= 3 and not re.fullmatch(r"[a-z]+", str(value))
            if is_telling and is_said(value, text) and not any(str(value) in form for form in forms):
                yield f"value_leaked: the person can not know {value!r} yet"
    for run in runs_in(text, request.forbidden):
        yield f'name_leaked: "{run}"'
    rest = _COUNTED.sub(" ", without(text, known))
    for found in IDENTIFIER.finditer(rest):
        yield f"name_leaked: {found[0]!r} is no word a person writes"
    for found in _TELLING.finditer(rest):
        if not IDENTIFIER.search(found[0]):
            yield f"invented_value: {found[0].strip('.,:;')!r} is not among the values to say"


def _own_words(request: WriteRequest, answer: WriteAnswer) -> Iterator[str]:
    """The assistant knows what was said and seen, and may count."""
    known: list[Json] = []
    for argument in _arguments(request):
        known += [*_scalars(argument.value), *argument.picked]
    if request.condition is not None:
        known += [one for value in (request.condition.value, request.condition.seen) for one in _scalars(value)]
    counts = {len(request.steps)}
    for step in request.steps:
        for outcomes in step.outcomes:
            for one in outcomes:
                known += _scalars(one.value)
                counts |= {len(one.value)} if isinstance(one.value, list) else set()
        counts.add(step.times)
    for text in (*answer.reasoning, answer.answer):
        rest = _COUNTED.sub(" ", without(text, known))
        for found in _TELLING.finditer(rest):
            token = found[0].strip(".,:;")
            if not (token.isdigit() and int(token) in counts):
                yield f"ungrounded_answer: {token!r} was neither said nor seen"
        for found in IDENTIFIER.finditer(rest):
            yield f"name_leaked: {found[0]!r} is no word the assistant says"
    for text in answer.reasoning:
        if len(text.split()) > _REASONING_WORDS:
            yield f"reasoning_form: {len(text.split())} words, {_REASONING_WORDS} at most"


def _arguments(request: WriteRequest) -> Iterator[Argument]:
    steps = [*request.steps, *([request.condition.other] if request.condition is not None else [])]
    stack = [argument for step in reversed(steps) for argument in reversed(step.arguments)]
    while stack:
        argument = stack.pop()
        if argument.kind == "groups":
            stack += [inner for group in reversed(argument.groups) for inner in reversed(group)]
        else:
            yield argument


def _scalars(value: Json) -> list[Json]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one is not None and not isinstance(one, bool | list | dict)]
