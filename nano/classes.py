"""Verb classes: what can be done to a thing, how tools are called for it, and how people ask for it.

In an ask `{o}` is the object with its id, `{a}` "a lamp", `{p}` "lamps", `{n}` "lamp", `{w}` a second object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Klass:
    """One class; `verbs[0]` is the tool verb used when no schema is shown, `shape` decides the parameters."""

    key: str
    verbs: tuple[str, ...]
    done: str
    shape: str
    asks: tuple[str, ...]


_TABLE = """
get | get fetch show read retrieve lookup describe | read | one
    show {o}; show me {o}; get {o}; give me {o}; pull up {o}; look up {o}; fetch {o}; open {o};
    display {o}; i need {o}; let me see {o}; details of {o}; details on {o}; information about {o};
    what is {o}?; what do we know about {o}?; tell me about {o}; view {o}; read {o};
    what does {o} look like?; check out {o};
list | list get_all browse show | listed | many
    list {p}; list all {p}; show all {p}; show me the {p}; which {p} are there; which {p} do we have;
    what {p} exist; give me the {p}; get all {p}; are there {p}; i want to see the {p}; display {p};
    what {p} are available; fetch the {p}; see {p}; all the {p};
search | search find query | found | query
    search {p}; search for {p}; find {p}; look for {p}; which {p} are there; locate {p}; hunt for {p};
    dig up {p}; track down {p}; i am looking for {p};
find | find search lookup locate | found | named
    find {o}; look for {o}; locate {o}; is there {o}; look up {o}; find me {o}; where is {o};
    track down {o}; do we have {o}; identify {o};
create | create add new register make | created | new
    create {a}; add {a}; make {a}; register {a}; new {n}; set up {a}; i need {a}; enter {a}; record {a};
    put in {a}; build {a}; insert {a}; start {a};
submit | submit report post | submitted | new
    submit {a}; hand in {a}; turn in {a}; report {a}; send in {a}; lodge {a}; post {a};
update | update set change modify edit | updated | change
    update {o}; change {o}; set {o}; modify {o}; edit {o}; adjust {o}; {o} should now be; move {o};
    mark {o}; switch {o}; put {o}; {o} becomes;
delete | delete remove erase drop | deleted | one
    delete {o}; remove {o}; erase {o}; get rid of {o}; wipe {o}; destroy {o}; throw away {o}; {o} can go;
    discard {o}; trash {o}; purge {o};
cancel | cancel abort revoke | cancelled | reason
    cancel {o}; call off {o}; scrap {o}; abort {o}; {o} is off; we no longer need {o}; withdraw {o};
    {o} will not happen; undo {o};
approve | approve accept confirm | approved | one
    approve {o}; accept {o}; sign off {o}; sign off on {o}; ok {o}; grant {o}; {o} is fine;
    give the green light to {o}; authorize {o}; let {o} through; agree to {o};
reject | reject deny decline | rejected | reason
    reject {o}; deny {o}; decline {o}; refuse {o}; turn down {o}; say no to {o}; dismiss {o};
assign | assign allocate give | assigned | pair
    assign {o} to {w}; give {o} to {w}; hand {o} to {w}; hand {o} over to {w}; {w} should handle {o};
    {w} takes {o}; pass {o} to {w}; make {w} responsible for {o}; put {w} on {o}; {o} goes to {w};
link | link connect attach | linked | pair
    link {o} to {w}; connect {o} with {w}; tie {o} to {w}; attach {o} to {w}; join {o} and {w};
send | send mail deliver | sent | send
    send {a}; mail {a}; write {a}; deliver {a}; dispatch {a}; shoot {a}; compose {a}; fire off {a};
notify | notify alert inform | notified | note
    notify {o}; alert {o}; inform {o}; remind {o}; let {o} know; tell {o}; warn {o}; ping {o};
    message {o};
book | book reserve rent | booked | slot
    book {o}; reserve {o}; get me {o}; i need {o}; hold {o}; secure {o}; block {o}; keep {o} for us;
    we want {o}; rent {o}; grab {o};
schedule | schedule plan arrange | scheduled | slot
    schedule {a}; plan {a}; arrange {a}; set up {a}; put {a} on the agenda; organize {a}; fix {a};
    line up {a}; pencil in {a};
close | close finish complete | closed | one
    close {o}; finish {o}; complete {o}; end {o}; wrap up {o}; shut {o}; {o} is done; {o} is finished;
    conclude {o}; finalize {o};
archive | archive store | archived | one
    archive {o}; store {o} away; shelve {o}; put {o} in the archive;
export | export download dump | exported | format
    export {o}; download {o}; dump {o}; get a copy of {o}; extract {o};
move | move transfer shift | moved | place
    move {o}; transfer {o}; relocate {o}; shift {o}; bring {o} over;
check | check verify validate inspect | checked | one
    check {o}; verify {o}; validate {o}; inspect {o}; test {o}; make sure {o} is fine; look over {o};
    examine {o};
start | start launch run enable | started | one
    start {o}; launch {o}; run {o}; begin {o}; kick off {o}; turn on {o}; switch on {o}; enable {o};
    get {o} going;
stop | stop halt disable pause | stopped | one
    stop {o}; halt {o}; turn off {o}; switch off {o}; disable {o}; shut down {o}; pause {o}; suspend {o};
rename | rename relabel | renamed | rename
    rename {o}; give {o} a new name; relabel {o}; change the name of {o};
share | share publish | shared | share
    share {o}; publish {o}; make {o} available; pass {o} around;
track | track monitor trace | tracked | one
    track {o}; monitor {o}; where is {o}?; trace {o}; follow {o}; what is the status of {o}?;
    how is {o} doing?; keep an eye on {o}; what happened to {o}?;
count | count total | counted | many
    how many {p} are there; count {p}; count the {p}; number of {p}; how many {p} do we have;
    total number of {p};
pay | pay settle charge | paid | amount
    pay {o}; settle {o}; charge {o}; clear the payment of {o}; pay off {o};
refund | refund reimburse repay | refunded | amount
    refund {o}; reimburse {o}; repay {o}; give the money back for {o}; pay back {o};
rate | rate score grade | rated | score
    rate {o}; score {o}; grade {o}; evaluate {o}; give a score to {o};
extend | extend prolong renew | extended | days
    extend {o}; prolong {o}; renew {o}; lengthen {o}; give {o} more time; add time to {o};
lock | lock block freeze | locked | one
    lock {o}; block {o}; freeze {o}; restrict {o};
unlock | unlock release unblock | unlocked | one
    unlock {o}; unblock {o}; release {o}; free {o}; lift the lock on {o};
under | get list fetch | listed | under
    {p} of {o}; show the {p} of {o}; list {p} for {o}; which {p} does {o} have?; get the {p} of {o};
    what {p} belong to {o}?; give me the {p} for {o}; all {p} of {o}; fetch {p} of {o};
    the {p} under {o};
add | add attach put | added | add
    add {a} to {o}; put {a} on {o}; give {o} {a}; {o} gets {a}; attach {a} to {o};
summary | get show | read | bare
    show the {n} summary; how are the {p} doing?; {n} summary; give me the {n} summary;
    summarize the {p}; an overview of the {p};
refresh | refresh sync reload | refreshed | bare
    refresh the {p}; sync the {p}; reload the {p}; refresh {p}; bring the {p} up to date;
compute | calculate compute estimate | calculated | compute
    calculate the {f} of {o}; compute the {f} for {o}; what is the {f} of {o}?;
    how much {f} does {o} have?; work out the {f} of {o}; estimate the {f} for {o};
"""


def _parse(block: str) -> Klass:
    head, _, asks = block.partition("\n")
    key, verbs, done, shape = (cell.strip() for cell in head.split(" | "))
    phrases = tuple(ask for ask in (part.strip() for part in asks.replace("\n", " ").split(";")) if ask)
    return Klass(key=key, verbs=tuple(verbs.split()), done=done, shape=shape, asks=phrases)


KLASSES = {klass.key: klass for klass in map(_parse, re.split(r"\n(?=\S)", _TABLE.strip()))}
