"""Writers behind litellm, really asked, over a provider on loopback that answers, fails and lies as it is told."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("litellm", reason="the extra `llm` is not installed")

from loopbuild.errors import BuildError, LlmError, UnusableAnswer
from loopbuild.llm.hosted.asking import messages_for
from loopbuild.llm.hosted.budget import Budget
from loopbuild.llm.hosted.prices import most_tokens
from loopbuild.llm.hosted.transport import Transport
from loopbuild.llm.hosted.writers import HostedWriters
from loopbuild.llm.hosted.written import Written
from loopbuild.llm.protocol import Json, WriteRequest
from loopbuild.loopfile.sections.synthesis import WriterSettings
from loopbuild.stages.synthesis.clarify import clarify_request
from loopbuild.stages.synthesis.requests import make_requests
from tests.llm.provider import Behave, Provider, running
from tests.stages.synthesis import worded_rows as w

ENVIRONMENT = {
    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    "OPENAI_API_KEY": "sk-of-somebody-else-123",
    "OUR_KEY": "key-of-ours-4711",
}
Failing = tuple[str, ...]


class Ledger:
    """A build's memory and sums, in a dict."""

    def __init__(self) -> None:
        self.memory: dict[str, Json] = {}
        self.spent: Counter[str] = Counter()
        self.is_stopped = False

    def recall(self, name: str) -> tuple[Json] | None:
        return (self.memory[name],) if name in self.memory else None

    def remember(self, name: str, value: Json) -> None:
        self.memory[name] = value

    def spend(self, **amounts: float) -> None:
        self.spent.update(amounts)

    def is_cancelled(self) -> bool:
        return self.is_stopped


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    """One process for the whole file: litellm takes seconds to load."""
    made = Transport(ENVIRONMENT, names=["OPENAI_API_KEY", "OUR_KEY"], in_flight=8)
    yield made
    made.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running(Provider()) as made:
        yield made


def settings(provider: Provider, **changes: Any) -> dict[str, Any]:
    plain = {
        "model": "openai/m",
        "api_base": provider.url,
        "price": {"prompt_usd_per_million": 1.0, "completion_usd_per_million": 4.0},
        "timeout_seconds": 20.0,
    }
    return WriterSettings.model_validate(plain | changes).model_dump(mode="json")


def requests(count: int = 8) -> list[WriteRequest]:
    catalog = w.catalog("hr")
    found = [one for trajectory in w.hr_trajectories(40) for one in make_requests(trajectory, catalog)]
    return found[:count]


def ask(
    transport: Transport,
    *writers: dict[str, Any],
    asked: list[WriteRequest],
    ledger: Ledger | None = None,
    budget: Budget | None = None,
) -> list[Written]:
    """Every writer is asked all requests."""
    hosted = HostedWriters(
        writers, budget=budget or Budget(usd=5.0, tokens=None), environment=ENVIRONMENT, transport=transport
    )
    pairs = [(writer["name"] or writer["model"], one) for writer in writers for one in asked]
    return list(hosted.write(pairs, ledger=ledger or Ledger()))


def at_first(*deeds: str, then: str = "ok") -> Behave:
    """The first requests, whichever they are, meet `deeds`."""
    left = list(deeds)
    return lambda body, before: left.pop(0) if left else then


def always(deed: str) -> Behave:
    return lambda body, before: deed


# -- good answers ------------------------------------------------------------------------------------------------------


def test_every_request_is_answered_once_and_says_what_it_must(transport: Transport, provider: Provider) -> None:
    asked, ledger = requests(24), Ledger()
    done = ask(transport, settings(provider), asked=asked, ledger=ledger)
    assert {one.key for one in done} == {one.key for one in asked}
    assert all(one.answer and one.answer.voice == "openai/m" and not one.error for one in done)
    assert len(provider.asked) == len(set(provider.asked)) == ledger.spent["calls"] == 24
    assert ledger.spent["usd"] == pytest.approx(
        ledger.spent["prompt_tokens"] / 1e6 + ledger.spent["completion_tokens"] * 4 / 1e6
    )
    assert not ledger.memory, "an answer that finishes its row is kept with the row"
    assert [one.is_more for one in done][-1] is False


def test_a_clarifying_dialogue_has_its_question_between_two_turns(transport: Transport, provider: Provider) -> None:
    catalog = w.catalog("hr")
    asked = [one for t in w.hr_trajectories(40) if (one := clarify_request(t, catalog))][:4]
    assert asked
    for one in ask(transport, settings(provider), asked=asked):
        assert one.answer is not None, one.detail
        assert (len(one.answer.user_turns), len(one.answer.assistant_turns)) == (2, 1)


def test_text_around_the_object_does_no_harm(transport: Transport, provider: Provider) -> None:
    provider.behave = always("fenced")
    assert all(one.answer for one in ask(transport, settings(provider), asked=requests(3)))


def test_writers_write_independently_each_with_its_own_key_voice_and_sampling(
    transport: Transport, provider: Provider
) -> None:
    one = settings(provider, name="one", voice="Write like a busy nurse.", temperature=0.3, api_key_env="OUR_KEY")
    two = settings(provider, name="two", model="openai/n", max_tokens=900, options={"presence_penalty": 0.5})
    done = ask(transport, one, two, asked=requests(5))
    assert Counter(written.writer for written in done) == {"one": 5, "two": 5}
    by_model = {body["model"]: (body, head) for body, head in zip(provider.bodies, provider.headers, strict=True)}
    body, head = by_model["m"]
    assert body["temperature"] == 0.3
    assert "busy nurse" in body["messages"][1]["content"]
    assert head["authorization"] == "Bearer key-of-ours-4711"
    body, head = by_model["n"]
    assert "temperature" not in body
    assert (body["max_tokens"], body["presence_penalty"]) == (900, 0.5)
    assert head["authorization"] == "Bearer none", "the usual key goes to the usual provider alone"


def test_no_tool_or_parameter_name_is_sent(transport: Transport, provider: Provider) -> None:
    ask(transport, settings(provider), asked=requests(20))
    names = [tool.name for tool in w.catalog("hr").tools] + ["role_id", "candidate_id"]
    sent = "\n".join(message["content"] for body in provider.bodies for message in body["messages"])
    assert not [name for name in names if name in sent]


# -- a provider out of order -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["429 0.05", "429", "500", "503", "hang up", "hang"])
def test_what_passes_is_tried_again(transport: Transport, provider: Provider, deed: str) -> None:
    provider.behave = at_first(deed, deed)
    ledger = Ledger()
    done = ask(transport, settings(provider, timeout_seconds=1.0), asked=requests(6), ledger=ledger)
    assert all(one.answer for one in done)
    assert ledger.spent["calls"] == 6
    assert ledger.spent["failed_calls"] == 2
    assert len(provider.asked) == 8, "litellm tries nothing again behind our back"


@pytest.mark.parametrize(
    ("deed", "may_be_charged"), [("hang up", True), ("hang", True), ("500", False), ("429", False)]
)
def test_what_may_have_been_charged_counts_as_spent(
    transport: Transport, provider: Provider, deed: str, may_be_charged: bool
) -> None:
    provider.behave = always(deed)
    budget = Budget(usd=5.0, tokens=None)
    (done,) = ask(transport, settings(provider, max_tries=1, timeout_seconds=0.5), asked=requests(1), budget=budget)
    assert done.error
    assert (budget.spent_usd > 0) is may_be_charged


def test_retry_after_is_obeyed_by_the_whole_writer(transport: Transport, provider: Provider) -> None:
    provider.behave = at_first("429 0.7")
    ask(transport, settings(provider, concurrency=1), asked=requests(3))
    gaps = [after - before for before, after in zip(provider.times, provider.times[1:], strict=False)]
    assert gaps[0] >= 0.7
    assert max(gaps[1:]) < 0.5


def test_too_many_requests_halve_what_is_in_flight(transport: Transport, provider: Provider) -> None:
    provider._seconds = 0.05
    provider.behave = at_first(*["429 0.1"] * 8)
    ask(transport, settings(provider, concurrency=8), asked=requests(8))
    assert provider.at_once == 8
    provider.at_once = 0
    provider.behave = at_first(*["429 0.1"] * 4)
    hosted = HostedWriters(
        [settings(provider, concurrency=4)],
        budget=Budget(usd=5.0, tokens=None),
        environment=ENVIRONMENT,
        transport=transport,
    )
    pairs = [("openai/m", one) for one in requests(12)]
    list(hosted.write(pairs[:4], ledger=Ledger()))
    provider.at_once = 0
    list(hosted.write(pairs[4:], ledger=Ledger()))
    assert provider.at_once in (2, 3), "half of four, one more after a while"


@pytest.mark.parametrize(
    ("deed", "said", "hint"),
    [
        ("401", "Incorrect API key", "`OUR_KEY`"),
        ("402", "no credit", "no credit left"),
        ("quota", "current quota", "no credit left"),
        ("404", "does not exist", "knows no model `openai/m`"),
        ("400", "invalid value for temperature", "sampling settings"),
    ],
)
def test_what_no_trying_again_changes_stops_the_writer(
    transport: Transport, provider: Provider, deed: str, said: str, hint: str
) -> None:
    provider.behave = always(deed)
    ledger = Ledger()
    with pytest.raises(LlmError) as caught:
        ask(transport, settings(provider, concurrency=2, api_key_env="OUR_KEY"), asked=requests(30), ledger=ledger)
    assert not caught.value.is_retryable
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "30 texts were not asked for" in caught.value.intact
    assert len(provider.asked) <= 6, "two in flight, and at most three forms of asking"
    assert not ledger.spent["usd"]
    shown = f"{caught.value.message} {caught.value.hint} {caught.value.intact}"
    assert not re.search(r"4711|123456", shown), "no key, and no part of one that a provider repeats"


def test_a_missing_key_is_said_before_anything_is_sent(transport: Transport, provider: Provider) -> None:
    with pytest.raises(LlmError, match="`NO_SUCH_KEY` is not set") as caught:
        ask(transport, settings(provider, api_key_env="NO_SUCH_KEY"), asked=requests(2))
    assert "export NO_SUCH_KEY" in caught.value.hint
    assert provider.asked == []


def test_a_provider_that_is_down_is_given_up_after_a_few_rows(transport: Transport) -> None:
    with running(Provider()) as gone:
        pass
    start = time.monotonic()
    budget = Budget(usd=5.0, tokens=None)
    with pytest.raises(LlmError, match="out of order") as caught:
        ask(transport, settings(gone, max_tries=1, concurrency=2), asked=requests(40), budget=budget)
    assert caught.value.is_retryable
    assert budget.spent_usd == 0, "nobody was there to charge"
    assert "texts were not asked for" in caught.value.intact
    assert time.monotonic() - start < 20


def test_a_request_given_up_is_an_error_of_its_row_alone(transport: Transport, provider: Provider) -> None:
    asked = requests(5)
    provider.behave = lambda body, before: "500" if body["messages"][1]["content"].count("Level: high") else "ok"
    done = ask(transport, settings(provider, max_tries=1, concurrency=1), asked=asked)
    broken = {one.key for one in done if one.error}
    assert broken == {one.key for one in asked if one.level == "high"}
    assert all("server: " in one.error for one in done if one.error)


def test_a_form_the_model_does_not_know_is_not_asked_for_again(transport: Transport, provider: Provider) -> None:
    provider.behave = lambda body, before: (
        "no schema" if body.get("response_format", {}).get("type") == "json_schema" else "ok"
    )
    done = ask(transport, settings(provider, concurrency=1), asked=requests(5))
    assert all(one.answer for one in done)
    forms = [body.get("response_format", {}).get("type") for body in provider.bodies]
    assert forms == ["json_schema", *["json_object"] * 5]


def test_the_death_of_the_process_that_asks_loses_no_row(provider: Provider) -> None:
    own = Transport(ENVIRONMENT, names=[], in_flight=2)
    try:
        ask(own, settings(provider), asked=requests(1))
        provider.behave = at_first("hang", "hang")
        hosted = HostedWriters(
            [settings(provider)], budget=Budget(usd=5.0, tokens=None), environment=ENVIRONMENT, transport=own
        )
        victim = own._workers[0]._process.pid

        class Killer(Ledger):
            def is_cancelled(self) -> bool:
                if len(provider.asked) == 3 and not self.memory:
                    self.memory["killed"] = True
                    os.kill(victim, signal.SIGKILL)
                return False

        ledger = Killer()
        done = list(hosted.write([("openai/m", one) for one in requests(3)[1:]], ledger=ledger))
        assert ledger.memory
        assert [bool(one.answer) for one in done] == [True, True]
        assert ledger.spent["failed_calls"] == 2
    finally:
        own.close()


# -- answers that can not be used --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "reason", "said"),
    [
        ("bad json", "unparsable", "no JSON object"),
        ("wrong schema", "wrong_schema", "`user_turns` is missing"),
        ("empty", "empty", ""),
        ("spanish", "failed_checks", "language: not English"),
        ("tool name", "failed_checks", "name_leaked"),
        ("truncate", "truncated", "cut off"),
    ],
)
def test_nonsense_is_asked_again_twice_and_then_final(
    transport: Transport, provider: Provider, deed: str, reason: str, said: str
) -> None:
    provider.behave = always(deed)
    ledger = Ledger()
    (done,) = ask(transport, settings(provider), asked=requests(1), ledger=ledger)
    assert (done.answer, done.error, done.reason) == (None, "", reason)
    assert said in done.detail
    assert len(provider.asked) == done.usage.calls == 3
    assert len(ledger.memory) == 2, "what is asked again after is remembered first"
    last = provider.bodies[-1]
    if deed in ("truncate", "empty"):
        assert last["max_tokens"] == 4 * provider.bodies[0]["max_tokens"]
    else:
        assert reason in last["messages"][-1]["content"]


@pytest.mark.parametrize("deed", ["bad json", "wrong schema", "spanish", "tool name", "truncate", "empty"])
def test_a_second_answer_that_is_good_is_taken(transport: Transport, provider: Provider, deed: str) -> None:
    provider.behave = at_first(deed)
    (done,) = ask(transport, settings(provider), asked=requests(1))
    assert done.answer is not None, done.detail
    assert done.usage.calls == 2


@pytest.mark.parametrize(
    ("deed", "reason"), [("refuse", "refused"), ("sorry", "refused"), ("policy", "refused"), ("long", "too_long")]
)
def test_a_refusal_is_final_at_once(transport: Transport, provider: Provider, deed: str, reason: str) -> None:
    provider.behave = always(deed)
    (done,) = ask(transport, settings(provider), asked=requests(1))
    assert (done.answer, done.reason, done.error) == (None, reason, "")
    assert len(provider.asked) == 1


@pytest.fixture
def second() -> Iterator[Provider]:
    with running(Provider()) as made:
        yield made


def both(provider: Provider, second: Provider) -> list[dict[str, Any]]:
    return [settings(provider, name="one"), settings(second, name="two"), settings(second, name="kept", held_out=True)]


def refusing(
    transport: Transport, writers: list[dict[str, Any]], ledger: Ledger, budget: Budget | None = None
) -> list[Written]:
    budget = budget or Budget(usd=5.0, tokens=None)
    hosted = HostedWriters(writers, budget=budget, environment=ENVIRONMENT, transport=transport)
    return list(hosted.write([("one", requests(1)[0])], ledger=ledger))


@pytest.mark.parametrize("deed", ["refuse", "sorry", "policy"])
def test_what_one_writer_refuses_the_next_is_asked_once(
    transport: Transport, provider: Provider, second: Provider, deed: str
) -> None:
    provider.behave, ledger = always(deed), Ledger()
    (done,) = refusing(transport, both(provider, second), ledger)
    assert done.answer is not None
    assert done.refused_by is not None
    assert (done.writer, done.answer.voice, done.refused_by.writer, done.usage.calls) == ("two", "two", "one", 2)
    assert (len(provider.asked), len(second.asked), len(ledger.memory)) == (1, 1, 1)
    again = Ledger()
    again.memory = ledger.memory
    (kept,) = refusing(transport, both(provider, second), again)
    assert kept.answer is not None
    assert (len(provider.asked), len(second.asked)) == (1, 2), "a refusal is remembered over a kill"


def test_what_two_writers_refuse_is_refused(transport: Transport, provider: Provider, second: Provider) -> None:
    provider.behave = second.behave = always("refuse")
    (done,) = refusing(transport, both(provider, second), Ledger())
    assert (done.answer, done.reason, done.writer) == (None, "refused", "two")
    assert (len(provider.asked), len(second.asked)) == (1, 1)


def test_a_refused_text_is_not_passed_on_beyond_the_budget(
    transport: Transport, provider: Provider, second: Provider
) -> None:
    provider.behave, ledger = always("refuse"), Ledger()
    writers = both(provider, second)
    most = most_tokens(messages_for(requests(1)[0])) + writers[0]["max_tokens"]
    with pytest.raises(LlmError, match="the budget is reached"):
        refusing(transport, writers, ledger, Budget(usd=None, tokens=most))
    assert (len(provider.asked), len(second.asked)) == (1, 0)
    (done,) = refusing(transport, writers, ledger)
    assert (done.writer, len(provider.asked), len(second.asked)) == ("two", 1, 1)


def test_a_writer_that_writes_nonsense_is_stopped_before_it_has_cost_everything(
    transport: Transport, provider: Provider
) -> None:
    provider.behave = always("refuse")
    with pytest.raises(UnusableAnswer, match="10 of 10 texts that can not be used") as caught:
        ask(transport, settings(provider, concurrency=1), asked=requests(60))
    assert "refused: I can't help" in caught.value.message
    assert len(provider.asked) == 10


def test_what_was_answered_before_a_kill_is_not_asked_again(transport: Transport, provider: Provider) -> None:
    provider.behave = at_first("wrong schema", then="hang")
    ledger = Ledger()
    ledger.is_stopped = False
    hosted = HostedWriters(
        [settings(provider)], budget=Budget(usd=5.0, tokens=None), environment=ENVIRONMENT, transport=transport
    )
    writing = hosted.write([("openai/m", requests(1)[0])], ledger=ledger)

    class Stop(Exception):
        pass

    def stop() -> bool:
        if len(provider.asked) == 2:
            raise Stop
        return False

    ledger.is_cancelled = stop  # type: ignore[method-assign]
    with pytest.raises(Stop):
        next(writing)
    provider.behave = always("ok")
    again = Ledger()
    again.memory = ledger.memory
    (done,) = ask(transport, settings(provider), asked=requests(1), ledger=again)
    assert done.answer is not None
    assert done.usage.calls == 2, "the row knows what it took before the kill"
    assert again.spent["calls"] == 1
    assert provider.asked[2] == provider.asked[1] != provider.asked[0]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_no_more_is_spent_than_the_budget_whatever_is_in_flight(transport: Transport, provider: Provider) -> None:
    provider._seconds = 0.02
    asked = requests(60)
    ledger, budget = Ledger(), Budget(usd=0.03, tokens=None)
    with pytest.raises(BuildError, match="the budget is reached") as caught:
        ask(transport, settings(provider, concurrency=16), asked=asked, ledger=ledger, budget=budget)
    assert 0.02 < ledger.spent["usd"] <= 0.03
    assert len(provider.asked) == ledger.spent["calls"] < 60, ledger.spent
    assert "raise `synthesis.budget_usd`" in caught.value.hint


def test_a_budget_in_tokens_holds_too(transport: Transport, provider: Provider) -> None:
    ledger, budget = Ledger(), Budget(usd=None, tokens=20_000)
    with pytest.raises(BuildError, match="of `budget_tokens` 20,000 are spent"):
        ask(transport, settings(provider), asked=requests(60), ledger=ledger, budget=budget)
    assert 10_000 < ledger.spent["prompt_tokens"] + ledger.spent["completion_tokens"] <= 20_000


def test_one_writer_at_its_budget_does_not_stop_one_that_is_free(transport: Transport, provider: Provider) -> None:
    free = settings(provider, name="free", price={"prompt_usd_per_million": 0, "completion_usd_per_million": 0})
    paid = settings(provider, name="paid")
    with pytest.raises(BuildError, match="the budget is reached"):
        ask(transport, paid, free, asked=requests(12), budget=Budget(usd=0.0001, tokens=None))
    assert len(provider.asked) == 12


def test_no_more_are_in_flight_than_allowed(transport: Transport, provider: Provider) -> None:
    provider._seconds = 0.03
    ask(transport, settings(provider, concurrency=3), asked=requests(15))
    assert provider.at_once == 3


def test_requests_keep_the_rate(transport: Transport, provider: Provider) -> None:
    ask(transport, settings(provider, requests_per_minute=600), asked=requests(6))
    gaps = [after - before for before, after in zip(provider.times, provider.times[1:], strict=False)]
    assert sum(gaps) >= 5 * 0.1 * 0.95


def test_those_in_flight_come_home_when_the_build_shall_stop(transport: Transport, provider: Provider) -> None:
    provider._seconds = 0.3
    ledger = Ledger()
    hosted = HostedWriters(
        [settings(provider, concurrency=4)],
        budget=Budget(usd=5.0, tokens=None),
        environment=ENVIRONMENT,
        transport=transport,
    )
    done = []
    for one in hosted.write([("openai/m", request) for request in requests(20)], ledger=ledger):
        done.append(one)
        ledger.is_stopped = True
    assert len(done) == len(provider.asked) <= 8
    assert all(one.answer for one in done)
