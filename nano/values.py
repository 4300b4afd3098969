"""Values a user can name: how each is said in a request and how it stands in an argument.

Every function draws one `Value`; nothing here knows which tool takes it. Values are drawn fresh for every row.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """`said` is the text a user writes, `value` the argument; `free` marks text without a visible end."""

    said: str
    value: Any
    free: bool = False


def plain(value: Any) -> Value:
    """A value said exactly as it is stored."""
    return Value(said=str(value), value=value)


def person(rng: Random) -> Value:
    first = rng.choice(words.FIRST_NAMES) if rng.random() < 0.5 else words.pseudo(rng).capitalize()
    last = rng.choice(words.LAST_NAMES) if rng.random() < 0.4 else words.pseudo(rng).capitalize()
    return plain(first if rng.random() < 0.12 else f"{first} {last}")


def email(rng: Random) -> Value:
    user = words.pseudo(rng) if rng.random() < 0.6 else rng.choice(words.FIRST_NAMES).lower()
    if rng.random() < 0.35:
        user += rng.choice("._-") + words.pseudo(rng, 1, 2)
    if rng.random() < 0.15:
        user += str(rng.randint(1, 99))
    host = words.pseudo(rng) if rng.random() < 0.7 else rng.choice(words.NOUNS)
    return plain(f"{user}@{host}.{rng.choice(('com', 'org', 'io', 'net', 'de', 'example', 'co'))}")


def mail_of(rng: Random, name: str) -> Value:
    """An address made of a person's name, so that the two look alike in one request."""
    user = name.lower().replace(" ", rng.choice((".", ".", "_", "")))
    return plain(
        f"{user}@{rng.choice((words.pseudo(rng), rng.choice(words.NOUNS)))}.{rng.choice(('example', 'com', 'org'))}"
    )


def date(rng: Random) -> Value:
    year, month, day = rng.randint(2020, 2032), rng.randint(1, 12), rng.randint(1, 28)
    iso = f"{year}-{month:02d}-{day:02d}"
    if rng.random() < 0.78:
        return plain(iso)
    name = words.MONTHS[month - 1]
    said = rng.choice(
        (f"{name} {day}, {year}", f"{name} {day} {year}", f"{day} {name} {year}", f"{name[:3]} {day}, {year}")
    )
    return Value(said=said, value=iso)


def time(rng: Random) -> Value:
    hour, minute = rng.randint(0, 23), rng.choice(("00", "00", "15", "30", "45", "10", "20"))
    value = f"{hour:02d}:{minute}"
    if rng.random() < 0.88:
        return plain(value)
    clock = f"{(hour - 1) % 12 + 1}" + ("" if minute == "00" else f":{minute}")
    return Value(said=f"{clock} {'am' if hour < 12 else 'pm'}", value=value)


def moment(rng: Random) -> Value:
    day = f"{rng.randint(2020, 2032)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    clock = f"{rng.randint(0, 23):02d}:{rng.choice(('00', '15', '30'))}"
    stamp = f"{day}T{clock}" + rng.choice(("", ":00", ":00Z"))
    return plain(stamp) if rng.random() < 0.6 else Value(said=f"{day} {clock}", value=f"{day}T{clock}")


def integer(low: int, high: int) -> Callable[[Random], Value]:
    return lambda rng: plain(rng.randint(low, high))


def choice_of(*options: str) -> Callable[[Random], Value]:
    return lambda rng: plain(rng.choice(options))


def price(rng: Random) -> Value:
    if rng.random() < 0.5:
        amount = rng.randint(1, 9999)
        return Value(said=rng.choice((str(amount), f"${amount}", f"{amount} euros")), value=amount)
    amount_ = round(rng.randint(100, 99999) / 100, 2)
    return plain(amount_)


def place(rng: Random) -> Value:
    return plain(rng.choice(words.PLACES) if rng.random() < 0.4 else words.pseudo(rng).capitalize())


def phone(rng: Random) -> Value:
    return plain("+" + str(rng.randint(10, 99)) + rng.choice((" ", "-", "")) + str(rng.randint(1000000, 999999999)))


def url(rng: Random) -> Value:
    return plain(
        f"https://{words.pseudo(rng)}.{rng.choice(('com', 'org', 'io'))}/{words.pseudo(rng)}"
        + rng.choice(("", f"/{rng.randint(1, 999)}"))
    )


def code(rng: Random) -> Value:
    letters = "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(2, 5)))
    return plain(
        rng.choice(
            (
                letters,
                f"{letters}{rng.randint(1, 999)}",
                f"{letters}-{rng.choice(string.ascii_uppercase)}{rng.randint(1, 99)}",
            )
        )
    )


def word(rng: Random) -> str:
    """A noun, an adjective or a pseudo-word."""
    draw = rng.random()
    return rng.choice(words.NOUNS) if draw < 0.45 else rng.choice(words.ADJECTIVES) if draw < 0.6 else words.pseudo(rng)


def proper(rng: Random) -> Value:
    """A name of a thing: 'Bolara', 'Red Lamp', 'North Hall 4'."""
    first = (
        rng.choice(words.ADJECTIVES + words.NOUNS).capitalize()
        if rng.random() < 0.45
        else words.pseudo(rng).capitalize()
    )
    draw = rng.random()
    if draw < 0.4:
        return plain(first)
    if draw < 0.8:
        return plain(f"{first} {word(rng).capitalize()}")
    return plain(f"{first} {rng.randint(1, 99)}")


def phrase(rng: Random) -> str:
    """Two to eight words of free text without quotes or final punctuation."""
    noun, adjective = rng.choice(words.NOUNS), rng.choice(words.ADJECTIVES)
    text = rng.choice(
        (
            f"{adjective} {noun}",
            f"{adjective} {noun}",
            f"{noun} {word(rng)}",
            f"{noun} is {adjective}",
            f"{adjective} {adjective} {word(rng)}",
            f"no {noun} left",
            f"{words.pseudo(rng)} {noun}",
            f"the {noun} is {adjective}",
            f"{word(rng)} and {word(rng)}",
            f"{noun} {word(rng)} before the {adjective} {word(rng)} {rng.choice(words.NOUNS)}",
            f"{adjective} {noun} after the {word(rng)} of {words.pseudo(rng).capitalize()}",
            f"{noun} {rng.randint(2, 40)} is {adjective}",
            f"we need a {adjective} {word(rng)}",
            f"{words.pseudo(rng)} asked for {article_free(rng)}",
        )
    )
    if rng.random() < 0.3:
        where = rng.choice(("in", "at", "for", "near", "from", "of", "with", "on"))
        text += f" {where} {words.pseudo(rng) if rng.random() < 0.6 else rng.choice(words.NOUNS)}"
    return text[0].upper() + text[1:] if rng.random() < 0.3 else text


def article_free(rng: Random) -> str:
    return words.article(rng.choice(words.NOUNS))


def text(rng: Random) -> Value:
    """Free text, quoted in about half of the requests."""
    value = phrase(rng) + (rng.choice((".", "!")) if rng.random() < 0.06 else "")
    draw = rng.random()
    if draw < 0.28:
        return Value(said=f"'{value}'", value=value)
    if draw < 0.56:
        return Value(said=f'"{value}"', value=value)
    return Value(said=value, value=value, free=True)


def texts(rng: Random) -> Value:
    """A short list of words or names."""
    draw: Callable[[Random], str] = rng.choice((word, word, lambda r: person(r).value, lambda r: email(r).value))
    values = list(dict.fromkeys(draw(rng) for _ in range(rng.choice((1, 2, 2, 3)))))
    said = (
        values[0] if len(values) == 1 else ", ".join(values[:-1]) + rng.choice((" and ", ", ", ", and ")) + values[-1]
    )
    return Value(said=said, value=values)


def lines(rng: Random) -> Value:
    """One or two objects with a name and a quantity: '3 lamps and 2 belts'."""
    names = list(dict.fromkeys(word(rng) for _ in range(rng.choice((1, 2)))))
    label, count = rng.choice((("name", "quantity"), ("item", "quantity"), ("product", "count"), ("sku", "qty")))
    if label == "sku":
        names = [code(rng).value for _ in names]
    numbers = [rng.randint(1, 20) for _ in names]
    said = " and ".join(f"{n} {rng.choice(('x ', '', ''))}{w}" for n, w in zip(numbers, names, strict=True))
    return Value(said=said, value=[{label: w, count: n} for n, w in zip(numbers, names, strict=True)])


def address(rng: Random) -> Value:
    number, street, city = (
        rng.randint(1, 200),
        words.pseudo(rng).capitalize() + rng.choice((" Street", " Road", " Lane")),
        place(rng).value,
    )
    return Value(said=f"{number} {street}, {city}", value={"street": f"{number} {street}", "city": city})


def contact(rng: Random) -> Value:
    who, mail = person(rng).value, email(rng).value
    return Value(
        said=rng.choice((f"{who} ({mail})", f"{who}, {mail}", f"{who} <{mail}>")), value={"name": who, "email": mail}
    )


def minter(noun: str, rng: Random) -> Callable[[Random], Any]:
    """A generator of ids in one shape, chosen once per entity: R-1042, emp_0042, 3f9ac2, 48213 ..."""
    last, draw = noun.split()[-1], rng.random()
    options = (last[:1], last[:2], last[:3], last[:4], last[0] + last[-1])
    prefix = (
        rng.choice(options).upper()
        if draw < 0.62
        else "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(1, 4)))
    )
    digits, shape = rng.choice((2, 3, 3, 3, 4, 4, 4, 5, 6)), rng.random()
    low, high = 10 ** (digits - 1), 10**digits - 1
    if shape < 0.50:
        return lambda r: f"{prefix}-{r.randint(low, high)}"
    if shape < 0.60:
        return lambda r: f"{prefix}{r.randint(low, high)}"
    if shape < 0.70:
        return lambda r: f"{prefix.lower()}_{r.randint(1, high):0{digits}d}"
    if shape < 0.75:
        return lambda r: f"{prefix.lower()}-{r.randint(low, high)}"
    if shape < 0.80:
        return lambda r: f"{prefix}-20{r.randint(20, 30)}-{r.randint(low, high)}"
    if shape < 0.84:
        return lambda r: str(r.randint(low, high))
    if shape < 0.88:
        return lambda r: r.randint(low, high)
    if shape < 0.93:
        size = rng.choice((6, 8))
        return lambda r: "".join(r.choice("0123456789abcdef") for _ in range(size))
    if shape < 0.94:
        return lambda r: "-".join("".join(r.choice("0123456789abcdef") for _ in range(n)) for n in (8, 4, 4, 4, 12))
    if shape < 0.97:
        return lambda r: f"{word(r)}-{word(r)}-{r.randint(1, 99)}"
    return lambda r: f"{prefix}-{r.choice(string.ascii_uppercase)}{r.randint(low, high)}"
