"""The packaged values made-up worlds and requests are written with, and which of them only evaluation may use.

Parts are combined (first and last name, adjective and noun), so that each pool holds at least a few hundred values. A
value belongs to evaluation by its own digest, never by its place in a list: adding values moves none.
"""

from __future__ import annotations

from functools import lru_cache

from loopbuild.digest import unit_interval
from loopbuild.records import Purpose

POOLS_VERSION = 1

_EVAL_SHARE = 0.2


@lru_cache(maxsize=100_000)
def side_of(value: str) -> Purpose:
    """Say whether a value is for training or for evaluation: 20% of everything is held out, by the value's digest."""
    return "eval" if unit_interval("value-side", value) < _EVAL_SHARE else "train"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|"))


FIRST = _words(
    """Aaron Abena Adrian Aisha Alejandro Alma Amara Amir Ana Andrei Anika Anton Arjun Astrid Ayla Beatriz Ben Bianca
    Brigitte Camila Carlos Chen Chiara Clara Daniel Daria David Deepa Diego Dmitri Edith Elena Elias Emeka Emilia
    Erik Esther Fatima Felix Fiona Francesca Freya Gabriel Georgia Giulia Grace Hana Hannah Hassan Helena Hiro
    Hugo Ibrahim Ines Ingrid Isaac Ivana Jamal Jana Jasper Jin Joana Jonas Julia Kai Karim Katarina Keiko Kofi
    Lara Laszlo Leila Leon Lena Linh Luca Lucia Magnus Maja Malik Marco Maria Marta Mateo Mei Mila Mina Mohamed
    Nadia Naomi Nikolai Nina Noah Noor Olga Oliver Omar Oscar Paula Pedro Petra Priya Rafael Rania Ravi Rosa Ruth
    Samuel Sana Sara Selma Sergei Simon Sofia Stefan Sven Tamar Tariq Tessa Thomas Tomas Vera Victor Viktoria Wei
    Yara Yusuf Zanele Zofia"""
)
LAST = _words(
    """Abbott Adeyemi Almeida Andersson Antonov Baker Banerjee Barros Bauer Becker Berg Bernard Bianchi Boateng
    Bondarenko Brandt Campbell Carter Castillo Chandra Chen Costa Cruz Dahl Delgado Diallo Dubois Eriksen Espinoza
    Falk Farouk Fernandes Fischer Fontaine Fujita Garcia Gomez Greco Gupta Haddad Hansen Hartmann Hayashi
    Hernandez Hoffmann Horvat Hughes Ibarra Ito Ivanova Jansen Jensen Johansson Kaya Keller Khan Kim Kowalski
    Kruger Kumar Laine Lambert Larsen Lefevre Lindqvist Lopez Malik Marino Martins Mbeki Medina Meyer Mishra
    Moreau Moreno Mueller Mwangi Nakamura Nguyen Novak Nunes Okafor Olsen Ortega Osei Ozturk Park Patel Pereira
    Petrov Popescu Quinn Rahman Ramos Reyes Ricci Romano Rossi Ruiz Saito Santos Sato Schmidt Schneider Sharma
    Silva Singh Sokolov Suzuki Takahashi Tanaka Torres Tran Usman Vargas Vasquez Virtanen Wagner Walker Weber Wong
    Yamada Yilmaz Zhang Zimmermann"""
)
CITIES = _lines(
    """Aarhus|Abuja|Accra|Adelaide|Amsterdam|Antwerp|Athens|Atlanta|Auckland|Austin|Baltimore|Bangalore|Barcelona
    |Basel|Beirut|Belfast|Bergen|Berlin|Bern|Bilbao|Birmingham|Bogota|Bologna|Bordeaux|Boston|Bratislava|Bremen
    |Brisbane|Bristol|Brno|Brussels|Bucharest|Budapest|Buenos Aires|Calgary|Cape Town|Cardiff|Casablanca|Charlotte
    |Chennai|Chicago|Cologne|Copenhagen|Cork|Cusco|Dakar|Dallas|Delhi|Denver|Detroit|Dresden|Dublin|Durban
    |Edinburgh|Eindhoven|Florence|Frankfurt|Gdansk|Geneva|Genoa|Ghent|Glasgow|Gothenburg|Granada|Graz|Grenoble
    |Hamburg|Hanoi|Hanover|Helsinki|Houston|Hyderabad|Innsbruck|Istanbul|Izmir|Jakarta|Kampala|Kobe|Krakow|Kumasi
    |Kyoto|Lagos|Lausanne|Leeds|Leipzig|Leon|Lille|Lima|Lisbon|Liverpool|Ljubljana|Lodz|London|Lucerne|Luxembourg
    |Lyon|Madrid|Malaga|Malmo|Manchester|Manila|Marseille|Medellin|Melbourne|Mexico City|Miami|Milan|Minneapolis
    |Monterrey|Montevideo|Montreal|Mumbai|Munich|Nairobi|Nantes|Naples|Nashville|New Orleans|Nice|Nicosia
    |Nuremberg|Odense|Oporto|Osaka|Oslo|Ottawa|Oulu|Oxford|Palermo|Panama City|Paris|Perth|Philadelphia|Phoenix
    |Pisa|Pittsburgh|Portland|Porto|Poznan|Prague|Pune|Quebec|Quito|Raleigh|Recife|Rennes|Reykjavik|Riga|Rijeka
    |Rome|Rotterdam|Rouen|Salvador|Salzburg|San Diego|San Jose|Santiago|Sapporo|Seattle|Seoul|Seville|Sheffield
    |Singapore|Skopje|Sofia|Split|Stavanger|Stockholm|Strasbourg|Stuttgart|Sydney|Taipei|Tallinn|Tampere|Tbilisi
    |Tirana|Tokyo|Toronto|Toulouse|Trieste|Tromso|Turin|Turku|Uppsala|Utrecht|Valencia|Valparaiso|Vancouver|Venice
    |Verona|Vienna|Vilnius|Warsaw|Wellington|Winnipeg|Wroclaw|York|Zagreb|Zurich"""
)
COUNTRIES = _lines(
    """Argentina|Australia|Austria|Belgium|Bolivia|Brazil|Bulgaria|Cameroon|Canada|Chile|Colombia|Costa Rica|Croatia
    |Cyprus|Czechia|Denmark|Ecuador|Egypt|Estonia|Ethiopia|Finland|France|Georgia|Germany|Ghana|Greece|Hungary
    |Iceland|India|Indonesia|Ireland|Israel|Italy|Jamaica|Japan|Jordan|Kenya|Latvia|Lebanon|Lithuania|Luxembourg
    |Malaysia|Malta|Mexico|Moldova|Mongolia|Morocco|Nepal|Netherlands|New Zealand|Nigeria|Norway|Oman|Panama
    |Paraguay|Peru|Philippines|Poland|Portugal|Romania|Rwanda|Senegal|Serbia|Singapore|Slovakia|Slovenia
    |South Africa|South Korea|Spain|Sri Lanka|Sweden|Switzerland|Tanzania|Thailand|Tunisia|Turkey|Uganda|Ukraine
    |United Kingdom|United States|Uruguay|Vietnam|Zambia"""
)
DEPARTMENTS = _lines(
    """Accounting|Analytics|Billing|Compliance|Customer Care|Data|Design|Engineering|Facilities|Finance
    |Infrastructure|Legal|Logistics|Maintenance|Marketing|Operations|Partnerships|Payroll|People|Planning
    |Procurement|Product|Quality|Research|Safety|Sales|Security|Support|Training|Treasury"""
)
DEPARTMENT_SCOPES = _lines("Central|Corporate|Field|Global|Internal|Northern|Regional|Southern|Strategic|Technical")
TITLE_LEVELS = _lines("Junior|Senior|Lead|Principal|Associate|Deputy|Assistant|Chief")
TITLE_FIELDS = _lines(
    """Account|Backend|Brand|Cloud|Content|Data|Design|Energy|Field|Finance|Frontend|Growth|Legal|Machine Learning
    |Network|Operations|Payroll|Platform|Process|Procurement|Product|Quality|Research|Sales|Security|Software
    |Supply Chain|Support|Systems|Test"""
)
TITLE_ROLES = _lines(
    """Analyst|Architect|Consultant|Coordinator|Designer|Developer|Engineer|Manager|Planner|Specialist"""
)
COMPANY_HEADS = _lines(
    """Alder|Amber|Anchor|Aspen|Atlas|Aurora|Beacon|Birch|Blue Harbor|Bright|Canyon|Cedar|Cobalt|Copper|Coral
    |Crescent|Delta|Echo|Ember|Evergreen|Falcon|Fjord|Forge|Garnet|Granite|Harbor|Hazel|Heron|Horizon|Indigo
    |Iron Gate|Juniper|Kestrel|Lantern|Larch|Linden|Lumen|Maple|Meridian|Mosaic|North Star|Oakfield|Onyx|Orchard
    |Pebble|Pine|Quartz|Raven|Redwood|Ridge|River|Saffron|Sage|Silver|Solstice|Spruce|Summit|Tidal|Vertex|Willow"""
)
COMPANY_TAILS = _lines(
    """Analytics|Foods|Freight|Health|Instruments|Labs|Logistics|Media|Partners|Robotics|Software|Works"""
)
ADJECTIVES = _lines(
    """annual|automated|competitive|confidential|critical|cross-team|early|external|financial|global|internal|joint
    |mobile|monthly|national|pending|preliminary|quarterly|regional|revised|seasonal|shared|strategic|technical
    |updated|urgent|weekly|yearly"""
)
NOUNS = _lines(
    """access policy|audit plan|backup schedule|benefits review|billing cycle|budget forecast|campaign brief
    |capacity plan|client survey|cost estimate|data migration|delivery schedule|energy report|expense policy
    |field trial|hiring plan|incident report|inventory count|launch checklist|market study|onboarding guide
    |payroll run|pricing model|product roadmap|quality review|release notes|rental contract|research summary
    |risk register|safety training|sales target|security review|server upgrade|shipping route|staff meeting
    |supplier contract|support backlog|tax filing|training plan|travel policy|vendor assessment|warehouse move
    |website redesign|workshop agenda"""
)
REASON_HEADS = _lines(
    """scheduling conflict with|clash with|room needed for|postponed because of|overlap with|too busy with|delayed by
    |priorities shifted to|waiting for|budget freeze after|change of plan after|superseded by|key people needed for
    |no longer needed after"""
)
SENTENCE_HEADS = _lines(
    """Please check|We still need|The team finished|Nobody has started|I would like to discuss|Everyone agreed on
    |The client asked for|We are waiting for|Thank you for|Remember to update|There is a problem with
    |Have a look at"""
)
SENTENCE_TAILS = _lines(
    """before Friday|by the end of the month|for the new office|with the Berlin team|before the next meeting
    |this afternoon|as soon as possible|for the board|after the holidays|in the second quarter
    |together with finance|when you have time"""
)
STREETS = _lines(
    """Abbey Road|Bridge Street|Canal Street|Castle Lane|Cedar Avenue|Chapel Hill|Church Road|Elm Street|Garden Way
    |Harbor Drive|High Street|Hill Road|King Street|Lake View|Linden Alley|Market Square|Mill Lane|Oak Avenue
    |Orchard Road|Park Lane|Queen Street|River Road|School Lane|Spring Gardens|Station Road|Sunset Boulevard
    |Tower Street|Victoria Row|West End|Willow Close"""
)
CURRENCIES = _words("AUD BRL CAD CHF CZK DKK EUR GBP HUF INR JPY KRW MXN NOK NZD PLN SEK SGD TRY USD ZAR")
LANGUAGES = _lines(
    """Arabic|Czech|Danish|Dutch|English|Finnish|French|German|Greek|Hindi|Italian|Japanese|Korean|Polish|Portuguese
    |Spanish|Swedish|Turkish"""
)
TIMEZONES = _lines(
    """Africa/Cairo|Africa/Nairobi|America/Chicago|America/Lima|America/New_York|America/Sao_Paulo|Asia/Kolkata
    |Asia/Seoul|Asia/Tokyo|Australia/Sydney|Europe/Berlin|Europe/Lisbon|Europe/Madrid|Europe/Oslo|Pacific/Auckland"""
)
FILES = _lines(
    """agenda.md|budget.xlsx|changelog.md|contacts.csv|contract.pdf|invoice.pdf|main.py|minutes.txt|notes.md
    |plan.docx|report.pdf|results.json|settings.yaml|todo.txt"""
)
KINDS_OF_THINGS = _lines(
    """person|project|organization|product|place|event|document|team|tool|customer|skill|meeting|book|service|device
    |vehicle"""
)
RELATIONS = _lines(
    """works for|knows|manages|depends on|is part of|lives in|reports to|owns|supports|uses|collaborates with
    |was founded by"""
)
STATUSES = _lines("open|active|pending|in progress|on hold|done")
DISHES = _lines(
    """apple pie|bean stew|beef burger|caesar salad|carrot soup|cheese omelette|chicken curry|chocolate cake
    |club sandwich|fish and chips|french toast|fried rice|fruit salad|garlic bread|greek salad|grilled salmon
    |lentil soup|mushroom risotto|onion soup|pad thai|pancakes|pasta carbonara|pea soup|pizza margherita
    |potato salad|roast chicken|spinach lasagne|spring rolls|tomato soup|tuna sandwich|vegetable curry
    |veggie burger"""
)
MEDICINES = _lines(
    """Amoxicillin|Aspirin|Atorvastatin|Azithromycin|Bisoprolol|Cetirizine|Ciprofloxacin|Citalopram|Diclofenac
    |Doxycycline|Furosemide|Gabapentin|Ibuprofen|Insulin glargine|Lansoprazole|Levothyroxine|Lisinopril
    |Loratadine|Losartan|Metformin|Metoprolol|Naproxen|Omeprazole|Pantoprazole|Paracetamol|Prednisolone|Ramipril
    |Salbutamol|Sertraline|Simvastatin|Warfarin"""
)
AILMENTS = _lines(
    """acute bronchitis|allergic rhinitis|appendicitis|asthma|back pain|broken wrist|chest infection|concussion
    |eczema|gallstones|gastritis|heart failure|high blood pressure|iron deficiency|kidney stones|knee injury
    |migraine|pneumonia|sinusitis|skin rash|sprained ankle|tonsillitis|type 2 diabetes|urinary infection"""
)
SPECIALTIES = _lines(
    """cardiology|dentistry|dermatology|endocrinology|gastroenterology|geriatrics|haematology|immunology|nephrology
    |neurology|oncology|ophthalmology|orthopaedics|paediatrics|physiotherapy|psychiatry|radiology|rheumatology
    |urology"""
)
GENRES = _lines(
    "biography|comedy|crime|documentary|drama|essay|fantasy|history|horror|mystery|poetry|romance|satire|thriller|travel"
)
COLORS = _words(
    "amber azure beige black blue bronze brown coral crimson cyan gold green grey indigo ivory lilac lime "
    "magenta maroon navy olive orange pink purple red silver teal turquoise violet white yellow"
)
INGREDIENTS = _lines(
    """almonds|apples|basil|beans|beef|butter|carrots|cheese|chicken|cream|eggs|flour|garlic|ginger|honey|lemons
    |lentils|milk|mushrooms|oats|olive oil|onions|pasta|peppers|potatoes|rice|salmon|spinach|sugar|tomatoes
    |yoghurt"""
)

PEOPLE = frozenset(
    _words(
        """person employee candidate user customer contact member manager patient student teacher agent guest owner
    author driver client interviewer applicant lead attendee participant recipient sender worker staff assignee
    passenger doctor tenant subscriber reviewer buyer seller host colleague"""
    )
)
"""Entities whose `name` is a person's."""
