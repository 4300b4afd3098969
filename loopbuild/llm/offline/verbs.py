"""Verb classes: how people ask for an action, by what the tool's own verb and effect say.

Decides which phrases stand for an action and how its end is reported. Knows no objects beyond their slot `{o}`;
modifiers follow the object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loopbuild.llm.offline.morphology import participle


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbClass:
    """Phrases in the imperative, each with one `{o}`; `done` is the participle of a report."""

    key: str
    plain: str
    """The verb of the assistant's own sentences."""
    done: str
    phrases: tuple[str, ...]


_TABLE = """
list | list | listed
    list; show me; get; pull up; give me; fetch; bring up; display; look up; check; retrieve; get me; let me
    see; tell me; go and get; show; collect; gather; call up
record | read | read
    get; show me; pull up; look at; open; read; fetch; check; bring up; look up; give me; retrieve; view;
    display; get me; have a look at; let me see; take a look at; call up
fact | check | checked
    check; tell me; look up; get; find out; show me; give me; let me know; fetch; work out; pull up; verify;
    read; get me; confirm; retrieve; report
find | find | found
    find; look up; search for; locate; track down; look for; find me; get; pull up; dig up; hunt down; identify;
    fetch; spot; bring up
search | search | searched
    find; look for; search for; look up; show me; list; get; pull up; dig up; hunt for; fetch; bring up; track
    down
count | count | counted
    count; tell me how many there are of; work out the number of; add up; give me a count of; tally
create | add | added
    create; add; enter; set up; register; make; record; put in; save; put down; note down; store; make a record
    of
enter | add | added
    create; add; enter; set up; register; enrol; put {o} into the system; add {o} to the system; open a file
    for; make an entry for; create a record for; sign up; put {o} on file; set up a record for; save; take in
schedule | schedule | scheduled
    schedule; set up; arrange; book; plan; organise; line up; put {o} on the calendar; fix; pencil in; put {o}
    in the diary; put {o} on the schedule; get {o} booked; make time for; slot in
book | book | booked
    book; reserve; arrange; secure; set aside; make a booking for; make a reservation for; get {o} booked;
    go ahead and book
request | request | requested
    request; ask for; apply for; put in for; file for; submit a request for; put in a request for; file a
    request for; send in a request for; enter; log; sort out; get {o} requested; hand in a request for
approve | approve | approved
    approve; sign off on; accept; okay; give the go-ahead for; grant; green-light; say yes to; wave {o} through;
    let {o} through; authorise; clear; give the green light to; confirm
reject | reject | rejected
    reject; decline; turn down; refuse; deny; say no to; turn {o} away; dismiss; block; knock back
cancel | cancel | cancelled
    cancel; call off; drop; scrap; withdraw; take {o} off the calendar; get rid of; abort; strike; axe; undo;
    pull; ditch; revoke
delete | delete | deleted
    delete; remove; erase; get rid of; take out; clear out; wipe; drop; throw out; discard; purge; clear away
remove | remove | removed
    remove; take out; delete; drop; get rid of; strip; clear; pull; strike; take away; take off
update | update | updated
    update; change; edit; modify; adjust; revise; amend; correct; alter; make a change to
set | set | set
    set; change; put; adjust; fix; update; make; switch
send | send | sent
    send; mail; forward; dispatch; pass on; get {o} out; fire off; deliver; transmit; shoot over
assign | assign | assigned
    assign; give; hand; allocate; pass; hand over; allot; entrust
submit | submit | submitted
    submit; send in; hand in; file; turn in; put in; lodge; enter
add | add | added
    add; put in; include; attach; append; note; record; save; enter; write down; store; put down; insert; jot
    down
include | add | added
    add; put {o} in; bring in; include; take in; let {o} in; get {o} in
attach | attach | attached
    attach; add; append; put; link; enclose
save | save | saved
    save; store; put {o} away; keep; file; copy
forward | forward | forwarded
    forward; pass on; send on; relay; pass along
label | label | labelled
    label; tag; put a label on; mark; flag
pin | pin | pinned
    pin; pin up; stick {o} to the top; keep {o} at the top
escalate | escalate | escalated
    escalate; pass {o} up; hand {o} up; push {o} up; move {o} up a level
merge | merge | merged
    merge; land; bring in; go ahead and merge; get {o} merged
lock | lock | locked
    lock; lock down; block; put a lock on; lock {o} up
begin | open | opened
    open; open up; set up; start; get {o} opened; go ahead and open; make sure to open; have {o} opened
transfer | transfer | transferred
    transfer; move; send; make a transfer of; get {o} transferred; send over; go ahead and transfer
open | open | opened
    open; open up; bring up; pull up; show me; get; load; look at; display; call up; fetch; view; let me see
close | close | closed
    close; shut; close down; wrap up; mark {o} as closed; close out; close off; get {o} closed; shut down
complete | complete | completed
    complete; finish; mark {o} as done; tick off; wrap up; close out; mark {o} as complete
start | start | started
    start; begin; launch; kick off; run; trigger; fire up; set {o} going; get {o} going
stop | stop | stopped
    stop; halt; end; shut down; terminate; kill; bring {o} to a stop
pause | pause | paused
    pause; hold; suspend; put {o} on hold; freeze; interrupt
resume | resume | resumed
    resume; continue; restart; pick {o} up again; unpause; carry on with
archive | archive | archived
    archive; file away; put {o} in the archive; move {o} to the archive; store away
restore | restore | restored
    restore; bring back; recover; undelete; reinstate; get {o} back
move | move | moved
    move; shift; transfer; relocate; put; bring; push
reschedule | reschedule | rescheduled
    reschedule; move; postpone; shift; put {o} on another date; rebook; push
copy | copy | copied
    copy; duplicate; clone; make a copy of; replicate
rename | rename | renamed
    rename; change the name of; give a new name to; retitle
share | share | shared
    share; pass on; give access to; send; open up; make {o} available
invite | invite | invited
    invite; ask; send an invitation to; bring in; add
notify | notify | notified
    notify; tell; inform; let {o} know; alert; message; send a note to; ping
pay | pay | paid
    pay; settle; pay off; cover; take care of paying; clear
refund | refund | refunded
    refund; pay back; give back; reimburse; return the money for; issue a refund for
order | order | ordered
    order; buy; purchase; get; place an order for; pick up
ship | ship | shipped
    ship; send off; dispatch; send out; get {o} on its way; mail
track | track | tracked
    track; trace; follow; check on; look up; check the whereabouts of
extend | extend | extended
    extend; prolong; lengthen; stretch; add time to
offer | make | made
    make; extend; send; put together; prepare; draw up; issue; write up; put forward
convert | convert | converted
    convert; work out; recalculate; switch over; turn
calculate | calculate | calculated
    calculate; work out; compute; figure out; determine; tell me
compare | compare | compared
    compare; set side by side; contrast; weigh up
upload | upload | uploaded
    upload; put up; send up; load; transfer
download | download | downloaded
    download; save; fetch; get; pull down; grab
export | export | exported
    export; save; dump; write out; get {o} out; extract
import | import | imported
    import; bring in; load; read in; pull in
publish | publish | published
    publish; release; put out; post; make {o} public; put {o} online
write | write | written
    write; draft; put together; compose; note down; put down
run | run | run
    run; execute; start; launch; carry out; kick off
enable | enable | enabled
    enable; turn on; switch on; activate; unlock
disable | disable | disabled
    disable; turn off; switch off; deactivate; lock
check | check | checked
    check; verify; look at; confirm; test; inspect; examine; make sure about
promote | promote | promoted
    promote; move up; advance; raise; give a promotion to; upgrade
perform | do | done
    run; do; perform; carry out; execute; start; go through with; get {o} done; launch
hire | hire | hired
    hire; take on; bring on board; employ; recruit; sign
"""

_ALIASES = """
list: list index browse enumerate all
record: get read retrieve fetch show view display load describe inspect
find: find lookup locate resolve identify match
search: search query filter discover grep
count: count total tally
create: create new register enter make insert record enroll enrol post generate
schedule: schedule plan arrange
book: book reserve
request: request apply ask
approve: approve accept authorize authorise grant confirm
reject: reject decline deny refuse
cancel: cancel abort revoke void
forward: forward
label: label tag
pin: pin star
escalate: escalate
merge: merge
lock: lock
save: save store
attach: attach
delete: delete destroy erase purge drop wipe
remove: remove detach unassign unlink clear
update: update edit modify change patch amend adjust revise replace upsert
set: set configure
send: send deliver email mail message reply
assign: assign allocate give delegate
submit: submit file lodge
add: add append include log note link
open: open
close: close finish end conclude
complete: complete finalize finalise mark
start: start begin launch trigger initiate
stop: stop halt terminate kill
pause: pause suspend hold
resume: resume continue restart
archive: archive
restore: restore recover undelete reopen reactivate
move: move
transfer: transfer wire remit
reschedule: reschedule postpone
copy: copy duplicate clone
rename: rename
share: share
invite: invite
notify: notify alert remind inform
pay: pay charge settle
refund: refund reimburse
order: order buy purchase checkout
ship: ship dispatch
track: track trace monitor
extend: extend prolong
convert: convert translate transform
calculate: calculate compute estimate sum
compare: compare
upload: upload
download: download
export: export dump
import: import ingest
publish: publish release
write: write compose draft
run: run execute invoke call
enable: enable activate subscribe
disable: disable deactivate unsubscribe
check: check verify validate test
promote: promote
hire: hire recruit
"""

_LOOKS = frozenset(["read", "view", "show", "open", "load", "describe", "display", "dump", "inspect"])
"""Verbs of looking at something whole, not of asking for one fact."""
_OFFERED = frozenset({"offer", "proposal", "quote", "bid"})
"""Things one makes rather than lengthens."""
_OF_READING = frozenset(
    {"list", "record", "fact", "find", "search", "count", "open", "track", "compare", "check", "calculate"}
)
"""Classes whose phrases only look: whoever makes or changes something is asked for by none of them."""
_OF_MAKING = frozenset({"create", "enter", "add", "delete", "remove", "update", "set", "assign", "submit"})
"""Classes whose phrases make or change something: what only reads is asked for by none of them."""


def _read_table() -> dict[str, VerbClass]:
    classes: dict[str, VerbClass] = {}
    for entry in re.split(r"\n(?=\w)", _TABLE.strip()):
        head, _, phrases = entry.partition("\n")
        key, plain, done = (part.strip() for part in head.split("|"))
        classes[key] = VerbClass(
            key=key, plain=plain, done=done, phrases=tuple(_slotted(" ".join(p.split())) for p in phrases.split(";"))
        )
    return classes


def _slotted(phrase: str) -> str:
    return phrase if "{o}" in phrase else f"{phrase} {{o}}"


CLASSES = _read_table()
_CLASS_OF = {
    word: key.strip()
    for key, _, words in (line.partition(":") for line in _ALIASES.strip().splitlines())
    for word in words.split()
}


def verb_class(
    verb: str, effect: str, *, noun: str, is_plural: bool, is_person: bool, has_own_key: bool, has_name: bool
) -> VerbClass:
    """Return how people speak of an action whose tool says `verb`; unknown verbs keep their own word."""
    key = _CLASS_OF.get(verb, "")
    if noun == verb:
        return CLASSES["perform"]
    if effect == "read" and (key in ("record", "list", "") or key == "check"):
        if key == "" and verb:
            return _own(verb)
        if is_plural:
            return CLASSES["list"]
        return CLASSES["record" if has_own_key or verb in _LOOKS or key == "list" else "find" if has_name else "fact"]
    if key == "open" and effect != "read":
        return CLASSES["begin"]
    if key == "extend" and noun.rsplit(" ", 1)[-1] in _OFFERED:
        return CLASSES["offer"]
    if key == "create" and is_person:
        return CLASSES["enter"]
    if key == "add" and is_person:
        return CLASSES["include"]
    if key == "record":
        key = "create" if effect == "create" else "check"
    is_change = effect in ("create", "update", "delete")
    is_record = effect == "create" and key == "move"  # a transfer is made, and not itself moved
    if verb and ((is_change and key in _OF_READING) or (effect == "read" and key in _OF_MAKING) or is_record):
        return _own(verb)
    if key:
        return CLASSES[key]
    like = {"create": "create", "delete": "delete", "update": "update", "read": "fact"}.get(effect, "run")
    return _own(verb) if verb else CLASSES[like]


def _own(verb: str) -> VerbClass:
    """A class for an unknown verb: the verb itself four ways; phrases of its effect would change its meaning."""
    head, _, particle = verb.partition(" ")
    if particle:
        done = f"{participle(head)} {particle}"
        apart = f"{head} {{o}} {particle}"
        parted = (apart, f"{verb} {{o}}", f"go ahead and {apart}", f"make sure to {apart}", f"get {{o}} {done}")
        return VerbClass(key=verb, plain=verb, done=done, phrases=parted)
    phrases = (
        f"{verb} {{o}}",
        f"go ahead and {verb} {{o}}",
        f"make sure to {verb} {{o}}",
        f"get {{o}} {participle(verb)}",
    )
    return VerbClass(key=verb, plain=verb, done=participle(verb), phrases=phrases)
