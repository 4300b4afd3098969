"""Texts from models: every writer asked at its own pace, every answer kept before another is asked for in its place.

Decides when a request is sent, sent again or given up, and what a row has become. Asking is the transport's, what a
text is worth `reading`'s. Answers that can not be used are remembered too: a kill asks none of them again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field, replace

from loopbuild.digest import digest
from loopbuild.errors import BuildError, LlmError
from loopbuild.llm.hosted.asking import Message, repaired
from loopbuild.llm.hosted.budget import Budget, Reservation
from loopbuild.llm.hosted.calls import MAYBE_CHARGED, TRANSIENT, Call, Reply, Usage
from loopbuild.llm.hosted.desk import LONGEST_OBEYED_SECONDS, Desk, usual_variable
from loopbuild.llm.hosted.prices import about_tokens, most_tokens
from loopbuild.llm.hosted.reading import Reading
from loopbuild.llm.hosted.transport import Transport
from loopbuild.llm.hosted.work import WRITING, Request, Work
from loopbuild.llm.hosted.written import Ledger, Refused, Written
from loopbuild.records import Json

ATTEMPTS = 3
"""Answers to one request, until what it asks for counts as not to be had."""
_LOOK_SECONDS = 0.25
"""How long to wait before looking whether the build shall stop."""
_HOMECOMING_SECONDS = 8.0
"""How long requests in flight may take when the build shall stop: they are paid for."""


@dataclass(slots=True, kw_only=True)
class _Job:
    request: Request
    desk: Desk
    messages: list[Message]
    max_tokens: int
    attempt: int = 0
    tries: int = 0
    form: str = ""
    refused_by: Refused | None = None
    due: float = float("-inf")
    reserved: Reservation = field(default_factory=lambda: Reservation(usd=0.0, tokens=0))
    usage: Usage = field(default_factory=Usage)


class HostedWriters:
    """All writers of a build that are not offline. Held for the whole build, so that the budget is that of the build.

    Raises LoopfileError for a writer without a price, MissingExtra without litellm.
    """

    def __init__(
        self,
        writers: Sequence[Mapping[str, Json]],
        *,
        budget: Budget,
        work: Work = WRITING,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        transport: Transport | None = None,
    ) -> None:
        self._desks = {desk.name: desk for desk in (Desk(writer, work) for writer in writers)}
        self._budget = budget
        self._work = work
        self._environment = environment
        self._clock = clock
        self._flying: dict[int, _Job] = {}
        if transport is not None:
            self._transport = transport
            return
        names = [name for desk in self._desks.values() for name in _variables(desk)]
        in_flight = sum(int(desk.settings["concurrency"]) for desk in self._desks.values())
        self._transport = Transport(environment, names=names, in_flight=in_flight)

    def close(self) -> None:
        """End the processes that ask."""
        self._transport.close()

    def write(self, asked: Sequence[tuple[str, Request]], *, ledger: Ledger) -> Iterator[Written]:
        """Yield what becomes of (writer, request) pairs, in any order; stops early when the build shall stop.

        Raises BuildError after all else is done when a writer is out of order or the budget does not allow the rest;
        requests that were not asked are then not yielded.
        """
        waiting: dict[str, deque[_Job]] = {}
        ready: list[Written] = []
        for name, request in asked:
            job, written = self._replay(self._job(self._desks[name], request), ledger)
            if written is not None:
                ready.append(written)
            else:
                waiting.setdefault(job.desk.name, deque()).append(job)
        yield from _together(ready)
        try:
            yield from self._run(waiting, ledger)
        finally:
            for job in self._flying.values():
                job.desk.flying -= 1
                self._budget.settle(job.reserved, usd=job.reserved.usd, tokens=job.reserved.tokens)
            self._flying.clear()

    def _run(self, waiting: dict[str, deque[_Job]], ledger: Ledger) -> Iterator[Written]:
        leaving = float("inf")
        over_budget: LlmError | None = None
        while True:
            now = self._clock()
            if ledger.is_cancelled():
                leaving = min(leaving, now + _HOMECOMING_SECONDS)
            pause = _LOOK_SECONDS
            if leaving == float("inf") and over_budget is None:
                pause, over_budget = self._send(waiting, now)
            if not self._flying:
                is_left = any(jobs and self._desks[name].broken is None for name, jobs in waiting.items())
                if leaving < float("inf") or over_budget is not None or not is_left:
                    break
            if now >= leaving:
                break
            if not self._flying:
                time.sleep(min(pause, _LOOK_SECONDS))
                continue
            replies = self._transport.replies(min(pause, _LOOK_SECONDS))
            found = [self._take(reply, waiting, ledger) for reply in replies if reply.number in self._flying]
            # Whoever stops a build does so after a result that is the last for now: those under way are paid for too.
            is_more = bool(self._flying) and ledger.is_cancelled()
            yield from _together([written for written in found if written is not None], is_more=is_more)
        if leaving == float("inf"):
            self._raise(waiting, over_budget)

    def _raise(self, waiting: Mapping[str, deque[_Job]], over_budget: LlmError | None) -> None:
        left = sum(map(len, waiting.values()))
        broken: list[BuildError] = [
            desk.broken for name, jobs in waiting.items() if jobs and (desk := self._desks[name]).broken is not None
        ]
        for error in (*broken, *([over_budget] if over_budget else [])):
            # A copy: the same writer may stop other tables, each with a rest of its own.
            own = copy(error)
            own.intact = f"{left:,} {self._work.product}s were not asked for; what was answered is kept"
            raise own

    # -- sending ---------------------------------------------------------------------------------------------------

    def _send(self, waiting: Mapping[str, deque[_Job]], now: float) -> tuple[float, LlmError | None]:
        """Send what may be sent; return when to look again, and why nothing more can be paid for."""
        pause = _LOOK_SECONDS
        refused: _Job | None = None
        for name, jobs in waiting.items():
            desk = self._desks[name]
            while jobs and desk.broken is None:
                _bring_forward(jobs, now)
                wait = max(desk.wait_seconds(now), jobs[0].due - now)
                if wait > 0:
                    pause = min(pause, wait)
                    break
                if not self._start(jobs[0], now):
                    refused = jobs[0]
                    break
                if desk.broken is None:
                    jobs.popleft()
        # What is under way may turn out cheaper than the most it could cost.
        return pause, None if self._flying or refused is None else self._over_budget(refused)

    def _over_budget(self, job: _Job) -> LlmError:
        wanted = _most(job)
        return LlmError(
            f"the budget is reached: {self._budget.limit_text(wanted)}, "
            f"and the next {self._work.product} of `{job.desk.name}` may cost ${wanted.usd:,.4f}",
            is_retryable=False,
            hint="raise `synthesis.budget_usd` or `budget_tokens`; the next build goes on from here",
        )

    def _start(self, job: _Job, now: float) -> bool:
        """Send a request; False when the budget does not allow it."""
        desk = job.desk
        try:
            key_env, needs_no_key = desk.key_env(self._environment)
        except LlmError as error:
            desk.broken = error
            return True
        wanted = _most(job)
        if not self._budget.reserve(wanted):
            return False
        job.reserved = wanted
        job.form = desk.form
        number = self._transport.next_number()
        arguments = desk.arguments(job.messages, max_tokens=job.max_tokens)
        unsaid: tuple[str, ...] = ()
        if desk.settings["api_base"]:
            from loopbuild.loopfile.variables import fill, filled_in

            arguments["api_base"] = fill(desk.settings["api_base"], self._environment)
            unsaid = filled_in([desk.settings["api_base"]], self._environment)
        desk.started(now, job.messages, max_tokens=job.max_tokens)
        self._flying[number] = job
        self._transport.send(
            Call(
                number=number,
                arguments=arguments,
                key_env=key_env,
                needs_no_key=needs_no_key,
                timeout_seconds=desk.settings["timeout_seconds"],
                unsaid=unsaid,
            )
        )
        return True

    # -- taking ----------------------------------------------------------------------------------------------------

    def _take(self, reply: Reply, waiting: dict[str, deque[_Job]], ledger: Ledger) -> Written | None:
        """Settle a reply; return what its row has become, None when it is asked again."""
        job = self._flying.pop(reply.number)
        desk = job.desk
        desk.flying -= 1
        if reply.fault in TRANSIENT:
            return self._transient(job, reply, waiting[desk.name], ledger)
        if reply.fault in ("refused", "too_long"):
            self._settle(job, ledger, prompt=about_tokens(job.messages), completion=0)
            reading = Reading(reason=reply.fault, detail=reply.detail, may_repair=False)
            return self._unwilling(job, reading, waiting, ledger)
        if reply.fault:
            self._settle(job, ledger, prompt=0, completion=0)
            is_about_form = reply.fault in ("form", "bad_request")
            if not is_about_form or not desk.reduce_form(job.form):
                desk.refused(reply)
            waiting[desk.name].appendleft(job)
            return None
        desk.answered()
        prompt = reply.prompt_tokens if reply.prompt_tokens is not None else about_tokens(job.messages)
        completion = reply.completion_tokens if reply.completion_tokens is not None else len(reply.content) // 3
        self._settle(job, ledger, prompt=prompt, completion=completion)
        job.tries = 0
        return self._judge(job, reply, waiting, ledger)

    def _transient(self, job: _Job, reply: Reply, jobs: deque[_Job], ledger: Ledger) -> Written | None:
        desk = job.desk
        charged = job.reserved if reply.fault in MAYBE_CHARGED else Reservation(usd=0.0, tokens=0)
        self._budget.settle(job.reserved, usd=charged.usd, tokens=charged.tokens)
        ledger.spend(failed_calls=1)
        job.tries += 1
        wait = desk.wait_after(reply, key=job.request.key, tries=job.tries)
        if reply.fault == "rate":
            desk.too_many(self._clock(), min(wait, LONGEST_OBEYED_SECONDS))
        if job.tries >= desk.settings["max_tries"] or wait > LONGEST_OBEYED_SECONDS:
            desk.gave_up(reply)
            times = f"{job.tries} times" if job.tries > 1 else "once"
            error = f"`{desk.name}` was out of order {times}: {reply.fault}: {reply.detail}"
            return Written(key=job.request.key, writer=desk.name, error=error, usage=job.usage)
        job.due = self._clock() + wait
        jobs.append(job)
        return None

    def _judge(self, job: _Job, reply: Reply, waiting: dict[str, deque[_Job]], ledger: Ledger) -> Written | None:
        _note(job.usage, reply)
        reading = self._read(job, reply)
        if reading.answer is not None or not reading.may_repair or job.attempt + 1 >= ATTEMPTS:
            return self._unwilling(job, reading, waiting, ledger)
        ledger.remember(_name_of(job), _remembered(reply, job.usage))
        _prepare_repair(job, reply.content, reading)
        waiting[job.desk.name].appendleft(job)
        return None

    def _unwilling(
        self, job: _Job, reading: Reading, waiting: dict[str, deque[_Job]], ledger: Ledger
    ) -> Written | None:
        """What was refused goes to the next writer, once; all else is final."""
        other = self._after(job) if reading.reason == "refused" else None
        if other is None:
            return self._final(job, reading)
        refusal: dict[str, Json] = {"content": "", "finish": "", "refusal": reading.detail, "usage": asdict(job.usage)}
        ledger.remember(_name_of(job), refusal)
        job.desk.judged(reading.reason, reading.detail)
        waiting.setdefault(other.name, deque()).append(self._passed_on(job, other, reading))
        return None

    def _after(self, job: _Job) -> Desk | None:
        """The next writer of the same wordings that can be asked; None where the request was passed on before."""
        desks = list(self._desks.values())
        at = desks.index(job.desk)
        others = [] if job.refused_by else [*desks[at + 1 :], *desks[:at]]
        same = (one for one in others if one.settings["held_out"] == job.desk.settings["held_out"])
        return next((one for one in same if one.broken is None), None)

    def _passed_on(self, job: _Job, desk: Desk, reading: Reading) -> _Job:
        made = self._job(desk, job.request)
        made.usage, made.refused_by = job.usage, Refused(writer=job.desk.name, detail=reading.detail)
        return made

    def _final(self, job: _Job, reading: Reading) -> Written:
        job.desk.judged(reading.reason, reading.detail)
        return Written(
            key=job.request.key,
            writer=job.desk.name,
            answer=reading.answer,
            reason=reading.reason,
            detail=reading.detail,
            refused_by=job.refused_by,
            usage=job.usage,
        )

    def _replay(self, job: _Job, ledger: Ledger) -> tuple[_Job, Written | None]:
        """Go through what was answered before a kill; return what is asked next, and the row if that finishes it."""
        while (found := ledger.recall(_name_of(job))) is not None:
            held = found[0]
            refusal = held.get("refusal", "")
            reply = Reply(number=0, content=held["content"], finish=held["finish"], refusal=refusal)
            job.usage = Usage(**held["usage"])
            reading = self._read(job, reply)
            if reading.reason == "refused" and (other := self._after(job)) is not None:
                job = self._passed_on(job, other, reading)
            elif reading.answer is not None or not reading.may_repair or job.attempt + 1 >= ATTEMPTS:
                return job, self._final(job, reading)
            else:
                _prepare_repair(job, reply.content, reading)
        return job, None

    def _read(self, job: _Job, reply: Reply) -> Reading:
        return self._work.read(
            job.request, reply.content, finish=reply.finish, refusal=reply.refusal, writer=job.desk.name
        )

    def _settle(self, job: _Job, ledger: Ledger, *, prompt: int, completion: int) -> None:
        usd = job.desk.price.of(prompt, completion)
        self._budget.settle(job.reserved, usd=usd, tokens=prompt + completion)
        job.reserved = Reservation(usd=0.0, tokens=0)
        if prompt or completion:
            ledger.spend(calls=1, prompt_tokens=prompt, completion_tokens=completion, usd=usd)
            job.usage.calls += 1
            job.usage.prompt_tokens += prompt
            job.usage.completion_tokens += completion
            job.usage.usd += usd

    def _job(self, desk: Desk, request: Request) -> _Job:
        messages = self._work.put(request, desk.settings)
        return _Job(request=request, desk=desk, messages=messages, max_tokens=desk.settings["max_tokens"])


def _most(job: _Job) -> Reservation:
    """The most a request can cost."""
    prompt = most_tokens(job.messages)
    return Reservation(usd=job.desk.price.of(prompt, job.max_tokens), tokens=prompt + job.max_tokens)


def _bring_forward(jobs: deque[_Job], now: float) -> None:
    """Let a request that waits for its next try not keep others from their first."""
    for _ in range(len(jobs)):
        if jobs[0].due <= now:
            return
        jobs.rotate(-1)


def _together(found: Sequence[Written], *, is_more: bool = False) -> Iterator[Written]:
    for number, written in enumerate(found, 1):
        yield replace(written, is_more=is_more or number < len(found))


def _name_of(job: _Job) -> str:
    """What an attempt is remembered under: all that its answer depends on, those before it included."""
    return digest("attempt", [job.desk.identity, job.messages, job.max_tokens, job.attempt])


def _remembered(reply: Reply, usage: Usage) -> dict[str, Json]:
    return {"content": reply.content, "finish": reply.finish, "usage": asdict(usage)}


def _prepare_repair(job: _Job, content: str, reading: Reading) -> None:
    job.attempt += 1
    if reading.reason in ("truncated", "empty"):
        job.max_tokens *= 2
    else:
        job.messages = repaired(job.messages, content[:4000], f"{reading.reason}: {reading.detail}")


def _note(usage: Usage, reply: Reply) -> None:
    if reply.served and reply.served not in usage.served:
        usage.served.append(reply.served)
    if reply.request:
        usage.requests.append(reply.request)


def _variables(desk: Desk) -> list[str]:
    named = desk.settings["api_key_env"]
    usual = [] if named or desk.settings["api_base"] else [usual_variable(desk.model)]
    return [name for name in (named, *usual, *desk.settings["pass_env"]) if name]
