"""What a text says: a value in every way people write it, and never another value of its kind."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopbuild.llm.names import forbidden_runs, identifier_in, runs_in
from loopbuild.llm.presence import is_said, without
from loopbuild.llm.readings import THIS_YEAR
from loopbuild.records import Json
from loopbuild.sandbox.protocol import CLOCK

AROUND = ("{}", "Book it for {}, please.", "on {} if you can", "({})", "Is {} fine?", "We need {}.")
PRIORITIES = ("LOW", "HIGH", "VERY_HIGH", "On hold", "in_progress")
around = st.sampled_from(AROUND)
days = st.dates(date(1950, 1, 1), date(2049, 12, 31))
clocks = st.times().map(lambda time: time.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(1950, 1, 1), datetime(2049, 12, 31)).map(
    lambda one: one.replace(second=0, microsecond=0)
)
numbers = st.one_of(
    st.integers(-20, 120), st.integers(0, 10**7), st.decimals(0, 10**6, places=2).map(lambda one: float(one))
)


def ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def ways_of_day(day: date) -> list[str]:
    month, short = day.strftime("%B"), day.strftime("%b")
    named = [
        f"{month} {day.day}, {day.year}",
        f"{month} {ordinal(day.day)} {day.year}",
        f"{short}. {day.day}, {day.year}",
        f"{day.day} {month} {day.year}",
        f"the {ordinal(day.day)} of {month}, {day.year}",
        day.isoformat(),
        f"{day:%A}, {month.lower()} {day.day}, {day.year}",
    ]
    if day.year == THIS_YEAR:
        named += [f"{month} {ordinal(day.day)}", f"{day.day} {month}"]
    if day.day > 12:
        named += [f"{day.month}/{day.day}/{day.year}", f"{day.day}/{day.month}/{day.year}"]
    return named


def ways_of_time(hour: int, minute: int) -> list[str]:
    half, mark = (hour - 1) % 12 + 1, "am" if hour < 12 else "pm"
    ways = [f"{hour:02}:{minute:02}", f"{half}:{minute:02} {mark}", f"{half}:{minute:02}{mark.upper()}"]
    ways += [f"{half} {mark[0]}.m.", f"{half}{mark}"] if minute == 0 else []
    return ways + (["noon"] if (hour, minute) == (12, 0) else ["midnight"] if (hour, minute) == (0, 0) else [])


def ways_of_number(number: float) -> list[str]:
    ways = [str(number), f"{number:,}"]
    words = {5: "five", 12: "twelve", 21: "twenty-one", 40: "forty", 100: "a hundred"}
    return [*ways, words[int(number)]] if number in words else ways


def test_a_date_without_a_year_is_one_of_the_year_the_sandboxes_believe_in() -> None:
    assert str(THIS_YEAR) == CLOCK[:4]


@given(day=days, other=days, frame=around, data=st.data())
@example(day=date(2026, 5, 8), other=date(2027, 5, 8), frame="{}", data=None)
def test_a_date_is_said_in_any_way_and_no_other_with_it(
    day: date, other: date, frame: str, data: st.DataObject | None
) -> None:
    ways = ways_of_day(day)
    text = frame.format(ways[-1] if data is None else data.draw(st.sampled_from(ways)))
    assert is_said(day.isoformat(), text), text
    assert other == day or not is_said(other.isoformat(), text), text
    assert not any(char.isdigit() for char in without(text, [day.isoformat()]))


@given(time=clocks, other=clocks, frame=around, data=st.data())
def test_a_time_is_said_in_any_way_and_no_other_with_it(time, other, frame: str, data: st.DataObject) -> None:
    text = frame.format(data.draw(st.sampled_from(ways_of_time(time.hour, time.minute))))
    assert is_said(f"{time:%H:%M}", text), text
    assert is_said(f"{time:%H:%M:%S}", text), text
    assert other == time or not is_said(f"{other:%H:%M}", text), text


@given(moment=moments, shift=st.sampled_from([1, 60, 24 * 60, 31 * 24 * 60]), frame=around, data=st.data())
def test_a_moment_is_said_by_its_day_and_its_time(
    moment: datetime, shift: int, frame: str, data: st.DataObject
) -> None:
    day = data.draw(st.sampled_from(ways_of_day(moment.date())))
    time = data.draw(st.sampled_from(ways_of_time(moment.hour, moment.minute)))
    joint = data.draw(st.sampled_from(["{day} at {time}", "{time} on {day}", "{day}, {time}", "{day} {time}"]))
    text = frame.format(joint.format(day=day, time=time))
    assert is_said(f"{moment.isoformat()}Z", text), text
    assert is_said(moment.isoformat(), text), text
    for other in (moment + timedelta(minutes=shift), moment - timedelta(minutes=shift)):
        assert not is_said(f"{other.isoformat()}Z", text), text


def test_of_several_moments_each_time_goes_with_its_own_day() -> None:
    text = "Move it from June 1, 2026 at 3 pm to June 2, 2026 at 4 pm."
    assert is_said("2026-06-01T15:00:00Z", text)
    assert is_said("2026-06-02T16:00:00Z", text)
    assert not is_said("2026-06-01T16:00:00Z", text)
    assert not is_said("2026-06-02T15:00:00Z", text)
    between = "A room from 2 pm to 3:30 pm on May 8th, please."
    assert is_said("2026-05-08T14:00:00Z", between)
    assert is_said("2026-05-08T15:30:00Z", between)


@given(number=numbers, other=numbers, frame=around, data=st.data())
@example(number=5, other=1, frame="the newest one of {}", data=None)
@example(number=5000, other=5, frame="{}", data=None)
@example(number=21, other=20, frame="{}", data=None)
@example(number=21, other=1, frame="{}", data=None)
def test_a_number_is_said_in_any_way_and_no_other_with_it(
    number: float, other: float, frame: str, data: st.DataObject | None
) -> None:
    ways = ways_of_number(number)
    text = frame.format(ways[-1] if data is None else data.draw(st.sampled_from(ways)))
    assert is_said(number, text), text
    assert other == number or not is_said(other, text), text


@given(one=st.sampled_from(PRIORITIES), other=st.sampled_from(PRIORITIES), frame=around, data=st.data())
def test_a_word_of_a_choice_is_said_in_any_case_and_no_other_with_it(
    one: str, other: str, frame: str, data: st.DataObject
) -> None:
    spaced = one.replace("_", " ")
    ways = [one, one.lower(), one.title(), spaced.lower(), spaced.replace(" ", "-"), spaced.capitalize()]
    text = frame.format(data.draw(st.sampled_from(ways)))
    assert is_said(one, text, among=PRIORITIES), text
    assert one == other or not is_said(other, text, among=PRIORITIES), text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1500, "a budget of 1,500"),
        (1500, "a budget of $1,500.00"),
        (2000, "about 2k"),
        (250, "two hundred and fifty"),
        ("2026-05-08", "May 8th"),
        ("2026-05-08", "8 May 2026"),
        ("2026-03-06", "from March 2 to March 6, 2026"),
        ("2027-03-02", "from March 2 to March 6, 2027"),
        ("2026-03-06", "March 2-6, 2026"),
        ("14:30", "at 2:30 pm"),
        (1, "for one guest"),
        (5, "five of them"),
        ("R-1042", "role R-1042"),
        ("out_of_office", "I am out of office"),
    ],
)
def test_what_people_write_is_understood(value: Json, text: str) -> None:
    assert is_said(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "room R-5"),
        (5, "on 2026-05-05"),
        (5, "at 5:30"),
        (30, "at 5:30"),
        (1, "the first one"),
        (1, "one of them"),
        (1000, "a hundred thousand"),
        ("2026-05-08", "5/8/2026"),
        ("14:30", "at 2:30"),
        ("02:30", "at 2:30 pm"),
        ("2026-05-08", "between May 8 and June 1, 2027"),
        ("R-1042", "role R-10"),
        ("Will", "will you"),
        ("US", "tell us"),
    ],
)
def test_what_is_another_value_or_may_be_one_is_not(value: Json, text: str) -> None:
    assert not is_said(value, text)


def test_two_letters_of_a_choice_are_said_as_they_are() -> None:
    assert is_said("IT", "for IT", among=("IT", "HR"))
    assert not is_said("IT", "book it", among=("IT", "HR"))


@pytest.mark.parametrize("name", ["date_of_birth", "numberOfGuests", "point-of-contact", "is_gift_wrapped", "userName"])
def test_the_plain_words_of_a_parameter_are_no_leak_and_its_spelling_is(name: str) -> None:
    plain = "my date of birth, number of guests, point-of-contact, is gift wrapped, username"
    assert identifier_in(plain, parameters=[name]) == ""
    snake = name if "_" in name else "user_name" if name == "userName" else name.lower().replace("-", "_")
    spelled = {"numberOfGuests": "number_of_guests"}.get(name, snake)
    assert identifier_in(f"set {spelled} to it", parameters=[name]) == name
    camel = "".join(word.capitalize() for word in spelled.split("_"))
    for form in (camel, camel[0].lower() + camel[1:]):
        assert identifier_in(f"set {form} to it", parameters=[name]) == name


def test_the_words_of_a_tool_are_a_leak_from_three_in_a_row() -> None:
    runs = forbidden_runs(["get_open_roles", "list_roles"])
    assert runs == ("get open roles",)
    assert runs_in("Please get open roles.", runs)
    assert not runs_in("Please get the open roles and list roles.", runs)
    assert identifier_in("run list_roles", tools=["list_roles"]) == "list_roles"
