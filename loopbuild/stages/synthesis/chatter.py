"""Words for rows in which no tool is due: small talk, brainstorming, and requests from domains nobody has tools for.

A grammar of its own, by voice like the writer's. Knows no catalog; the caller keeps away domains that touch one.
"""

from __future__ import annotations

from dataclasses import dataclass

from loopbuild.llm.offline.choices import Choices
from loopbuild.llm.offline.register import polish


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, without calls."""

    user: str
    answer: str
    kind: str


def _table(text: str) -> tuple[str, ...]:
    """Phrases parted by ` | `, over as many lines as they need."""
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


def _named_tables(text: str) -> dict[str, tuple[str, ...]]:
    """Tables under headings of their own: a line that ends with a colon opens the next."""
    made: dict[str, str] = {}
    heading = ""
    for line in text.strip().splitlines():
        if line.endswith(":") and not line.startswith(" "):
            heading = line[:-1]
            made[heading] = ""
        else:
            made[heading] += line
    return {name: _table(lines) for name, lines in made.items()}


_GREET = _table("""
    hi | hello | hey there | good morning | good evening | hi there | hello again | howdy | hey | greetings |
    good afternoon
""")
_HOW = _table("""
    how are you | how is it going | are you there | how was your day | all good on your side | are you awake |
    how do you do | everything fine | is this thing on | nice to see you
""")
_HOW_ANSWERS = _table("""
    Hello! I'm ready when you are. | Hi! What can I do for you? | All good here. What do you need? | Hello, I'm
    here. How can I help? | Hi there! Tell me what you need.
""")
_THANKS = _table("""
    thanks | thank you | thanks a lot | many thanks | cheers | much appreciated | thank you so much | great,
    thanks | perfect, thank you | ok thanks | brilliant, cheers | thx
""")
_THANKS_TAILS = (
    "",
    "",
    ", that helped",
    ", that is all",
    " for the help",
    ", you saved me time",
    ", that was quick",
    ", nothing else for now",
    " for earlier",
    ", that's exactly what I needed",
    ", I'm done for now",
)
_THANKS_ANSWERS = _table("""
    You're welcome! | Glad to help. | Any time. | Happy to help. Just say when you need more. | My pleasure.
""")
_BYE = _table("""
    bye | goodbye | see you tomorrow | talk to you later | have a good evening | that's it for today | good
    night | see you next week | I'm off now | signing off
""")
_BYE_ANSWERS = _table("""
    Goodbye! | See you! | Have a good one. | Until next time. | Bye, take care.
""")
_WHAT = _table("""
    what can you do | what are you able to help me with | who are you | how do you work | what kind of help do
    you offer | are you a person or a program | what should I ask you | how can I use you | tell me what you are
    for | explain in one line what you do | do you remember our last chat | what is your job here
""")
_WHAT_ANSWERS = _table("""
    I'm an assistant that works with your tools: I look things up and make changes when you ask. | I can look
    things up and make changes for you. Just tell me what you need. | I'm an assistant with tools for your work.
    Tell me what you want done. | Ask me in plain words and I use the tools I have.
""")
_TOPICS = _table("""
    a rainy Monday | teamwork | coffee | the first day after a break | long meetings | a tidy desk | autumn | a
    slow printer | working from home | good manners | lunch | a train ride | learning to swim | old maps | the
    sea | curiosity | a quiet office | houseplants | patience | a birthday | cooking for friends | a lost
    umbrella | winter mornings | starting over | music while working | small wins | a bad connection | a walk at
    noon | the colour green | a noisy fridge
""")
_PIECES = _table("""
    a short poem about {} | a joke about {} | a slogan for {} | two ideas for a talk about {} | a haiku about {}
    | a friendly toast about {} | one sentence about {} | a rhyme on {} | a riddle about {} | a motto for {} | a
    quote about {} | a limerick about {} | a title for a story about {} | a metaphor for {} | a fun fact about
    {}
""")
_PIECE_LEADS = _table("""
    write {} | give me {} | can you make up {}? | I need {} | come up with {} | could you write {}? | think of
    {} | help me with {} | I'd love {} | invent {} | make {} for my team | please draft {} | how about {}?
""")
_PIECE_ANSWERS = _table("""
    Here is one: {0} is best met with a smile and a cup of tea. | How about this: "{0}, one small step at a
    time"? | Try this: {0} teaches us to slow down. | Sure: nothing beats {0}, except telling others about it. |
    My suggestion: "Less hurry, more {0}". | Here you go: {0} came by today, and stayed for a while.
""")
_OPINIONS = _table("""
    what do you think about {} | do you like {} | why do people enjoy {} | is {} good for anything | how would
    you explain {} to a child | what comes to your mind when you hear {} | any thoughts on {} | what makes {}
    special | tell me something about {} | can {} change a mood
""")
_OPINION_ANSWERS = _table("""
    Many people find {0} pleasant because it breaks the routine. | I have no feelings about it, but {0} seems to
    bring people together. | A simple view: {0} is what you make of it. | I'd say {0} gives people something to
    share. | {0} is a matter of taste, and that is fine.
""")
_ADVICE = _table("""
    how do I stay focused in the afternoon | how do I say no politely | what helps against stage fright | how
    can I write shorter mails | how do I start a difficult talk | what is a good way to take notes | how do I
    learn names faster | how can I make meetings shorter | what helps when I am stuck | how do I give honest
    feedback | how do I keep a habit | what is a good icebreaker | how do I apologise well | how do I plan a
    calm week | what makes a good introduction
""")
_ADVICE_LEADS = _table("""
    {}? | quick question: {}? | any tips: {}? | I wonder, {}? | just curious, {}? | in your opinion, {}? | {},
    do you know? | one thing: {}?
""")
_ADVICE_ANSWERS = _table("""
    Start small: one clear step, then a short break. | Keep it short, say what matters first, and stop there. |
    Prepare one sentence in advance and practise it aloud. | Try it for a week and note what works. | Be clear
    and kind, and leave room for an answer. | Write it down, then cut it by half.
""")
_STATEMENTS = _table("""
    I had a long day | my coffee is cold | it is raining again | I finally fixed my bike | the meeting went well
    | I am so tired today | we won the game | I think I need a break | the train was late again | today is my
    birthday | I started to learn the guitar | lunch was great | my plant has a new leaf | I can't find my keys
    | the new chair is comfortable | the lift is broken | I just got back
""")
_STATEMENT_ANSWERS = _table("""
    I hear you. Tell me if I can do anything. | Thanks for telling me. I'm here if you need something. | Good to
    know. Let me know when you need help. | Noted. I'm around when you need me.
""")

_DOMAINS = _named_tables("""
weather:
    what's the weather in {city} | will it rain in {city} tomorrow | give me the forecast for {city} | how warm
    is it in {city} right now
music:
    play some jazz | put on a playlist for running | skip this song | turn the volume down a bit | who sings the
    song on the radio
food:
    order a pizza with mushrooms | reserve a table for four at a Thai restaurant | find a recipe for pancakes |
    how long do I boil an egg | get me sushi for tonight
travel:
    book a flight to {city} | find a cheap hotel in {city} | when does the next train to {city} leave | rent a
    car in {city} | get me a taxi to the airport
home:
    turn off the lights in the kitchen | set the heating to a cosy level | lock the front door | start the
    vacuum robot | is the garage door closed
sport:
    who won the match last night | what is the score in {city} | when does the marathon in {city} start | show
    me the league table
money:
    what is the dollar worth in euros | buy ten shares of a solar company | how did the markets do today |
    transfer rent to my landlord
health:
    what dose of ibuprofen may I take | find a dentist in {city} | how many calories are in a banana | log my
    run from this morning
news:
    what are the headlines today | read me the news from {city} | who is the mayor of {city} | what happened in
    {city} this week
shopping:
    buy a red bicycle helmet | compare prices for headphones | track my parcel | add milk to my shopping list |
    find running shoes in size nine
garden:
    water the tomatoes | when should I plant tulips | order ten bags of soil | which roses grow in the shade
film:
    what's on at the cinema tonight | recommend a thriller | add that series to my watch list | who directed the
    film with the dog
maps:
    how do I get to the museum in {city} | how far is it from here to {city} | is there traffic on the way to
    {city} | find parking near the harbour
pets:
    book a vet for my cat | how much should my puppy eat | order food for my goldfish | find a dog sitter in
    {city}
printing:
    print this page twice | scan a photo in colour | order toner for the printer | why does the printer blink
photos:
    crop this picture | remove the background of my photo | make an album of last summer | put my pictures in
    order by colour
astronomy:
    when is the next full moon | how far away is Mars | which planets can I see from {city} tonight
languages:
    translate this letter into Italian | how do you say good luck in Polish | correct my French homework
""")
_CITIES = _table("""
    Lisbon | Oslo | Kyoto | Nairobi | Lima | Dublin | Vienna | Porto | Seoul | Tampa | Ghent | Turin | Leeds |
    Quito | Riga
""")
_SORRY = _table("""
    Sorry, I can't help with that; I have no tool for it. | I can't do that, I have no tool for it. | That is
    outside what I can do here. | I'm afraid I can't do that with my tools. | Sorry, that is not something I can
    do. | None of my tools can do that, sorry. | I can't do that here.
""")


def small_talk(key: str, *, voice: str) -> Exchange:
    """Return one exchange that needs no tool and gets a real answer."""
    choices = Choices(key, voice=voice)
    kinds = (
        ("piece", 0.26),
        ("opinion", 0.16),
        ("advice", 0.16),
        ("what", 0.1),
        ("greeting", 0.1),
        ("thanks", 0.1),
        ("statement", 0.08),
        ("bye", 0.04),
    )
    draw, kind = choices.unit(), "piece"
    for name, share in kinds:
        kind = name
        draw -= share
        if draw < 0:
            break
    pick = choices.pick
    topic = pick(_TOPICS)
    if kind == "piece":
        text, reply = pick(_PIECE_LEADS).format(pick(_PIECES).format(topic)), pick(_PIECE_ANSWERS).format(topic)
    elif kind == "opinion":
        text, reply = pick(_OPINIONS).format(topic) + "?", pick(_OPINION_ANSWERS).format(topic)
    elif kind == "advice":
        text, reply = pick(_ADVICE_LEADS).format(pick(_ADVICE)), pick(_ADVICE_ANSWERS)
    elif kind == "what":
        text, reply = pick(_WHAT) + choices.among(("?", "?", "")), pick(_WHAT_ANSWERS)
    elif kind == "greeting":
        text, reply = (
            f"{pick(_GREET)}{choices.among((', ', ' ', '! '))}{pick(_HOW)}{choices.among(('?', ''))}",
            pick(_HOW_ANSWERS),
        )
    elif kind == "thanks":
        text, reply = pick(_THANKS) + pick(_THANKS_TAILS), pick(_THANKS_ANSWERS)
    elif kind == "statement":
        text, reply = (
            f"{choices.among(('', '', 'you know, ', 'well, ', 'by the way, '))}{pick(_STATEMENTS)}",
            pick(_STATEMENT_ANSWERS),
        )
    else:
        text, reply = f"{choices.among(('', 'ok, ', 'alright, '))}{pick(_BYE)}", pick(_BYE_ANSWERS)
    return Exchange(user=_light(text, choices), answer=reply[:1].upper() + reply[1:], kind=kind)


def domains() -> dict[str, str]:
    """Return each foreign domain with all words its requests use, for keeping away from a catalog."""
    return {name: " ".join((name, *lines)) for name, lines in _DOMAINS.items()}


def foreign_request(key: str, domain: str, *, voice: str) -> Exchange:
    """Return a request from `domain` and the answer that it cannot be done."""
    choices = Choices(key, voice=voice)
    text = choices.among(_DOMAINS[domain]).format(city=choices.among(_CITIES))
    is_question = text.split(" ", 1)[0] in ("what", "what's", "will", "how", "who", "when", "is", "which", "why")
    user = polish(text + ("?" if is_question and choices.chance(0.7) else ""), choices, is_open=not is_question)
    return Exchange(user=user, answer=choices.pick(_SORRY), kind=domain)


def _light(text: str, choices: Choices) -> str:
    text = text if choices.chance(0.35) else text[:1].upper() + text[1:]
    return text if text.endswith(("?", "!", ".")) or choices.chance(0.5) else text + "."
