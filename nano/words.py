"""The vocabulary of the random domains: nouns, adjectives, statuses, people, places and pseudo-words.

It decides which familiar words pretraining may show, and keeps the nouns of every evaluated domain out (`FORBIDDEN`).
It knows nothing of tools or dialogues.
"""

from __future__ import annotations

import re
from random import Random

FORBIDDEN = frozenset(
    """role roles position positions vacancy vacancies opening openings job jobs candidate candidates applicant
    applicants interview interviews interviewer employee employees staff worker workers salary salaries
    payroll leave leaves vacation vacations department departments offer offers onboarding resume resumes
    hiring hire entity entities relation relations observation observations graph graphs node nodes file
    files directory directories folder folders database databases research media pipeline pipelines
    knowledge""".split()
)

NOUNS = tuple(
    """account album alarm anchor animal apartment apple appliance archive article artist asset auction author
    award bag bakery balance band banner barrel basket battery beach bed bench bicycle bill bird blanket
    boat bond bonus book bottle bowl box branch bridge broker budget bug building bundle bus cabin cable
    cake calendar camera camp campaign canal candle car card cargo carpet carrier cart case catalog ceremony
    certificate chair channel chapter charge chart checklist chef circuit claim class clinic clock club
    coach coat code coin collection comment committee community company complaint component concert contact
    container contest contract coordinate cottage counter country coupon courier course crate credit crew
    crop cruise currency curtain customer dashboard dataset dealer debt deck delivery deployment deposit
    desk device diagram dinner diploma discount dish disk dispatch doctor document dog domain donation donor
    door draft drawer drill driver drone edition election elevator engine episode equipment error essay
    estate estimate event exam exhibit experiment factory farm feature fee feed fence ferry festival field
    film filter fine fleet flight floor flower forecast forest form formula fountain frame freezer fund
    gadget gallery game garage garden gate gauge generator gift glass goal grade grant group guard guest
    guide guitar hammer harbor harvest helmet highway hook horse hose hospital host hotel house image
    incident index ingredient inspection instrument insurance inventory invitation invoice island item
    jacket jewel journal journey judge kettle key kiosk kit kitchen label laboratory ladder lake lamp land
    lane laptop lawyer layer league lease lecture lens lesson letter lever library license lift line link
    loan lobby location locker lodge logo lottery lunch machine magazine magnet manual map market mask match
    material meal measurement medal medicine meeting member menu merchant message meter microphone mill mine
    mirror mission model module monitor motor movie museum network newsletter note notebook notice nurse
    orbit orchard orchestra order outlet oven owner package packet page painting palace pallet panel parade
    parcel park party passenger passport patch patient patrol payment pen pension permit pet phone photo
    piano pilot pizza plan plant plate platform player playlist plot plug poem policy poll pool port
    portfolio poster prescription printer prize probe product profile program project prompt property
    proposal protocol pump purchase puzzle quarry quilt quiz quote rack radar radio raft ranch rating
    receipt recipe recording refund region release reminder rental repair replica report reservation
    reservoir resort restaurant review reward ring river road robot rocket roof route router rug rule runway
    sail sample sandwich satellite scan scenario school scooter scene screen script sculpture season seat
    segment sensor server session shelf shelter shift ship shipment shirt shoe shop shuttle signal silo site
    sketch slot snack sofa song spare stadium stage stamp statue stock stone store storm story stove stream
    street student studio subscription suit suitcase supplier survey switch table tablet tag tank target
    tariff task tax taxi team telescope template tenant tent terminal test theater theme thermostat thread
    ticket timer tire token tool topic tour tower town toy tractor trail train transaction transfer trap
    tray treatment tree trial trip trophy truck tunnel turbine tutor unit user vaccine valley valve van vase
    vault vehicle vendor venue vessel village violin visa visit visitor voucher wagon wallet warehouse
    warranty watch website wedding wheel widget window workshop yacht yard zone zoo""".split()
)

SYNONYMS = {
    group[0]: tuple(group[1:])
    for group in (
        line.split()
        for line in """customer client buyer|order purchase|movie film|photo picture|car vehicle|house home|shop store
        doctor physician|student pupil|lesson class|trip journey voyage|parcel package|invoice bill|payment transaction
        comment remark|message note|user account|meeting session|event gathering|supplier vendor|truck lorry|song track
        exam test|report summary|contract agreement|apartment flat|meal dish|recipe formula|medicine drug
        warehouse depot
        device gadget|task todo|plan scheme|bug error fault|alarm alert|guest visitor|owner holder|ship vessel|hotel inn
        book volume|author writer|animal creature|goal target|rating score|coupon voucher|gift present|prize award
        website site|tag label|group team|company firm|town city|road street|map chart|permit license
        complaint grievance
        survey poll|loan credit|fee charge|inventory stock|product article|tool instrument|driver operator|repair fix
        passenger traveler|patient case|game match|player athlete|sensor probe|pump motor|visit call|forecast prediction
        incident accident|ticket case|reservation booking|shipment consignment|supplier provider""".replace(
            "\n", "|"
        ).split("|")
    )
    if len(group) > 1
}

ADJECTIVES = tuple(
    """red green blue old new spare local remote global daily weekly monthly annual active hidden public
    private digital solar electric mobile internal external primary secondary regional national medical
    legal technical urban rural custom basic premium fast slow heavy light broken cracked dirty wet dry loud
    quiet late early missing faulty damaged expired leaking noisy empty full partial wrong duplicate delayed
    blocked lost stuck torn faded rusty loose frozen corrupt outdated incomplete overdue unclear invalid
    misplaced stolen unstable flat hot cold large small round square""".split()
)

STATUSES = tuple(
    """open closed pending active inactive available free busy draft confirmed delayed shipped delivered
    cancelled approved rejected blocked paid unpaid overdue resolved new used ready running failed finished
    archived reserved suspended waiting""".split()
)

CHOICES = {
    "priority": "low medium high|low normal high urgent|p1 p2 p3 p4",
    "status": "open pending closed|draft review published|active inactive suspended|queued running failed finished"
    "|new open resolved closed|in_progress done blocked|paid unpaid overdue",
    "size": "small medium large|S M L XL",
    "color": "red green blue yellow|black white grey",
    "format": "pdf csv xml html|json txt csv",
    "level": "beginner intermediate advanced|basic pro expert|junior senior lead",
    "plan": "free basic pro enterprise|bronze silver gold platinum",
    "frequency": "daily weekly monthly yearly",
    "method": "cash card transfer|air sea road rail|email phone post",
    "cabin": "economy business first",
    "diet": "vegan vegetarian regular|halal kosher none",
    "condition": "new used refurbished",
    "visibility": "public private internal",
    "season": "spring summer autumn winter",
    "period": "morning afternoon evening night",
    "severity": "minor major critical|info warning error",
    "language": "english french german spanish|en fr de it",
    "direction": "north south east west|up down left right",
    "category": "travel meals software hardware|fiction science cooking|food tools toys|music sports art",
    "type": "single double suite|full partial none|sick annual family|wheat corn rice",
    "mode": "on off standby|auto manual|eco turbo silent",
    "channel": "email sms push|web store phone",
    "currency": "EUR USD GBP JPY|eur usd gbp",
    "unit": "kg lb g|celsius fahrenheit|km miles",
}

FIRST_NAMES = tuple(
    """Alice Bruno Chen Diego Emma Fatima George Hana Ivan Julia Kofi Lena Marco Nina Oscar Paula Ravi Sara Tom
    Ursula Vera Walid Yara Zane Aida Ben Clara David Eva Finn Gina Henry Iris Jack Kira Leo Mila Noah Olga
    Pedro Rita Sam Tina Ugo Vito Will Yan Zoe Amir Bela Dora Elif José Zoë Jürgen Łukasz Aïcha Søren""".split()
)
LAST_NAMES = tuple(
    """Smith Garcia Kim Patel Novak Rossi Silva Khan Meyer Dubois Tanaka Jensen Kowalski Lopez Brown Müller
    Nuñez Ali Sato Weber Costa Moreau Haddad Olsen Nagy Reyes Cohen Okafor Singh Petrov Larsen Vega Muller
    Dupont Ito Berg Lind""".split()
)
PLACES = tuple(
    """Paris London Berlin Madrid Rome Oslo Tokyo Delhi Cairo Lima Boston Dublin Geneva Vienna Prague Athens
    Lisbon Seoul Nairobi Austin Denver Porto Lyon Turin Zurich Krakow""".split()
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_SYLLABLES = tuple(
    """ba be bi bo bu da de di do du fa fe fi ga go gu ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no
    nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we za ze zi zo an en in on ar
    er or al el il am um is os ent ist ast ock ing ard ell ind ork ship tion cle ble quo xi ny thra gre plu
    sto bra cho dre fla""".split()
)


def pseudo(rng: Random, low: int = 2, high: int = 3) -> str:
    """A word that means nothing and is never a forbidden noun: of common syllables, or of any letters."""
    while True:
        if rng.random() < 0.3:
            word = "".join(
                rng.choice("bcdfghjklmnpqrstvwxyz") + rng.choice("aeiouaeiouy") + rng.choice(("", "", *"nrstlmkh"))
                for _ in range(rng.randint(low, high))
            )
        else:
            word = "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(low, high)))
        if word not in FORBIDDEN:
            return word


def plural(noun: str) -> str:
    """English plural of the last word, regular forms only."""
    if noun.endswith(("s", "x", "ch", "sh", "z")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def article(noun: str) -> str:
    """The noun phrase with its indefinite article."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def forbidden_in(text: str) -> list[str]:
    """Forbidden nouns found in the text, identifiers split into their words."""
    parts = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    return [part for part in parts if part in FORBIDDEN]
