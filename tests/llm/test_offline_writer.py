"""The embedded writer: same request, same words; four voices; texts that read well."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from loopbuild.errors import SelectionError
from loopbuild.llm import open_writer
from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.choices import HELD_OUT_VOICE, TRAINING_VOICES, allowed
from loopbuild.llm.offline.clauses import class_of
from loopbuild.llm.offline.slips import slips_in
from loopbuild.llm.offline.verbs import CLASSES, verb_class
from loopbuild.llm.offline.writer import write
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.synthesis import worded_rows as w


def requests(count: int, *, purpose: str = "train"):
    made = []
    for name, found in (
        ("hr", w.hr_trajectories(count, purpose=purpose)),
        ("memory", w.memory_trajectories(count // 2, purpose=purpose)),
    ):
        for trajectory in found:
            made += make_requests(trajectory, w.catalog(name))
    return made


SCRIPT = """
from tests.llm.test_offline_writer import requests
from loopbuild.digest import digest
from loopbuild.llm.offline.writer import write
from loopbuild.records import to_json
print(digest("texts", [to_json(write(r)) for r in requests(22)]))
"""


def test_the_same_request_gets_the_same_words_in_every_process() -> None:
    found = set()
    for hash_seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, timeout=120
        )
        assert run.returncode == 0, run.stderr
        found.add(run.stdout.strip())
    assert len(found) == 1


def test_a_text_depends_on_no_other_request() -> None:
    asked = requests(22)
    alone = [write(one) for one in asked]
    together = list(open_writer("offline").write_many(list(reversed(asked))))
    assert alone == list(reversed(together))


def test_five_hundred_texts_hold_no_slip() -> None:
    texts = [write(one).user_turns[0] for one in requests(220)]
    assert len(texts) > 500
    assert [(text, slips_in(text)) for text in texts if slips_in(text)] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("list the the roles", "doubled_word"),
        ("add a employee", "wrong_article"),
        ("schedule interviews for the 1", "number_for_noun"),
        ("get a candidates", "article_before_plural"),
        ("find the candidates for.", "dangling_preposition"),
        ("show me the that role", "article_twice"),
        ("call off it", "particle_pronoun"),
        ("list  roles", "space"),
        ("add {o}", "empty_slot"),
        ("list the roles,.", "punctuation"),
    ],
)
def test_each_slip_is_found(text: str, code: str) -> None:
    assert code in slips_in(text)


def test_training_never_hears_the_held_out_voice() -> None:
    voices = Counter(write(one).voice for one in requests(110))
    assert set(voices) == set(TRAINING_VOICES)
    assert min(voices.values()) > len(voices) * 20


def test_evaluation_is_worded_once_in_each_way() -> None:
    by_wording = Counter((one.wording, write(one).voice == HELD_OUT_VOICE) for one in requests(11, purpose="eval"))
    assert set(by_wording) == {("seen", False), ("held_out", True)}


def test_a_fifth_of_the_productions_is_kept_from_training() -> None:
    reserved = total = 0
    for verbs in CLASSES.values():
        trained = {phrase for voice in TRAINING_VOICES for phrase in allowed(verbs.phrases, voice)}
        reserved += len(set(verbs.phrases) - trained)
        total += len(verbs.phrases)
    assert 0.1 < reserved / total < 0.3


def test_every_voice_has_something_to_say() -> None:
    for verbs in CLASSES.values():
        for voice in (*TRAINING_VOICES, HELD_OUT_VOICE):
            assert allowed(verbs.phrases, voice)


def test_each_tool_is_asked_for_in_many_wordings() -> None:
    openings: dict[str, list[str]] = defaultdict(list)
    for trajectory in w.hr_trajectories(440):
        for one in make_requests(trajectory, w.catalog("hr"), levels=("high",)):
            if len(trajectory.steps) == 1:
                openings[trajectory.cell.goal].append(" ".join(write(one).user_turns[0].lower().split()[:4]))
    often = {tool: found for tool, found in openings.items() if len(found) >= 40}
    assert len(often) == 3
    assert all(len(set(found)) >= 24 for found in often.values())


def test_texts_stay_short() -> None:
    for one in requests(110):
        words = write(one)
        assert len(words.user_turns[0].split()) <= 60
        assert all(len(thought.split()) <= 40 and thought.count(". ") <= 2 for thought in words.reasoning)


def test_reasoning_comes_once_per_turn() -> None:
    for trajectory in w.hr_trajectories(22):
        for one in make_requests(trajectory, w.catalog("hr")):
            assert len(write(one).reasoning) == len({step.turn for step in trajectory.steps})


def test_several_turns_begin_with_a_plan_of_all_steps() -> None:
    for one in requests(110):
        verbs = [class_of(step).plain for step in one.steps]
        thoughts = write(one).reasoning
        if len(thoughts) > 1:
            told = re.split(r", then ", thoughts[0])
            assert len(told) == len(verbs)
            assert all(verb in part for verb, part in zip(verbs, told, strict=True))


def test_a_member_taken_from_a_list_is_named_with_its_place_before_it_is_used() -> None:
    named = 0
    for one in requests(220):
        thoughts = write(one).reasoning
        turns = sorted({turn for step in one.steps for turn in step.turns})
        for step in one.steps:
            for argument in step.arguments:
                if argument.rule in ("", "only", "all") or not argument.from_list or not argument.is_key:
                    continue
                value = str(argument.picked[0])
                thought = thoughts[turns.index(step.turns[0])]
                one_of_them = rf"The (top|last|first|second|third|\w+th) {argument.entity} is {re.escape(value)}\."
                together = rf"The {m.plural(argument.entity)} are [^.]*{re.escape(value)}"
                assert re.search(f"{one_of_them}|{together}", thought)
                named += 1
    assert named > 20


def test_what_was_given_although_it_is_optional_is_told_before_the_call() -> None:
    told = 0
    for one in requests(220):
        thoughts = write(one).reasoning
        for step in one.steps:
            extras = [a.words for a in step.arguments if a.is_optional and a.origin == "user" and not a.is_own]
            if extras and any(thoughts):
                assert any(f"with the {m.joined(extras[:3])}" in thought for thought in thoughts)
                told += 1
    assert told > 10


def test_an_unknown_writer_is_refused_by_name() -> None:
    with pytest.raises(SelectionError, match="`nobody`"):
        open_writer("nobody")


def test_words_take_their_forms() -> None:
    plurals = {"role": "roles", "entity": "entities", "person": "people", "branch": "branches", "bus": "buses"}
    articles = {"interview": "an interview", "user": "a user", "hour": "an hour", "leave": "leave", "role": "a role"}
    participles = {"cancel": "cancelled", "approve": "approved", "plan": "planned", "send": "sent", "apply": "applied"}
    assert {word: m.plural(word) for word in plurals} == plurals
    assert {word: m.with_article(word) for word in articles} == articles
    assert {word: m.participle(word) for word in participles} == participles
    assert m.spoken_date("2026-03-03") == "March 3, 2026"
    assert m.spoken_date("2026-13-03") == "2026-13-03"
    assert m.joined(["a", "b", "c"]) == "a, b and c"
    assert (m.agree("days left"), m.agree("status")) == ("are", "is")


def test_a_teams_own_words_are_used() -> None:
    lexicon = {"role": ("opening",), "approve": ("rubber-stamp",)}
    texts = [
        write(one).user_turns[0]
        for trajectory in w.hr_trajectories(220)
        for one in make_requests(trajectory, w.catalog("hr"), lexicon=lexicon)
    ]
    assert any("opening" in text for text in texts)
    assert any("rubber-stamp" in text.lower() for text in texts)


@pytest.mark.parametrize("effect", ["create", "update", "delete"])
@pytest.mark.parametrize("verb", ["open", "track", "find", "check", "get", "list", "inspect"])
def test_no_verb_of_looking_asks_for_a_change(verb: str, effect: str) -> None:
    made = verb_class(verb, effect, noun="account", is_plural=False, is_person=False, has_own_key=False, has_name=False)
    assert made.phrases
    looking = ("see", "show", "look", "view", "read", "display", "tell", "pull up", "bring up")
    assert not [phrase for phrase in made.phrases for word in looking if word in phrase], made.phrases


@pytest.mark.parametrize("verb", ["generate", "add", "update", "submit"])
def test_no_verb_of_making_asks_for_a_look(verb: str) -> None:
    made = verb_class(verb, "read", noun="report", is_plural=False, is_person=False, has_own_key=False, has_name=False)
    assert made.phrases
    assert all(verb in phrase or made.done in phrase for phrase in made.phrases), made.phrases
