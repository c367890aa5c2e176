"""Makes sentences of goals with words that are verbs in one place and nouns in another.

Written goals have too few of them to learn from: “members book slots” beside “a book of slots”.
"""

import random
from collections.abc import Callable


def _words(text: str) -> list[str]:
    return text.split()


PEOPLE = _words(
    "members staff drivers nurses parents teachers owners guests regulars clerks tenants players"
    " farmers volunteers visitors students pupils customers operators inspectors trainers coaches"
    " residents patients doctors cooks waiters guards porters auditors editors readers users agents"
    " buyers sellers hosts riders runners climbers divers builders plumbers planners managers"
)
VERBS = _words(
    "book order record check plan report rate mark sort list filter log rent lease queue schedule"
    " review comment share post offer claim request track scan file sign vote swap trade bid place"
    " measure count label tag note print copy move transfer export import download upload watch"
    " monitor test draft design draw map route charge bill invoice pay price quote store search"
    " answer match link merge split group rank score weigh grade group pack load ship return repair"
    " clean paint plant water feed train guide challenge visit call message mail phone text page"
    " alert warn notice flag block approve reject confirm cancel change correct enter add remove"
    " delete close open start stop pause reserve hold release hand pick choose watch stream replay"
    " query index cache sync back restore host share pin name number date time stamp seal lock"
)
OBJECTS = _words(
    "slots orders records checks plans reports rates marks lists logs rents leases queues schedules"
    " reviews comments shares posts offers claims requests tracks scans files signs votes swaps"
    " trades bids places measures counts labels tags notes prints copies moves transfers exports"
    " imports downloads uploads tests drafts designs drawings maps routes charges bills invoices"
    " payments prices quotes stores searches answers matches links groups ranks scores weights"
    " grades packs loads ships returns repairs plants feeds trains guides visits calls messages"
    " mails phones texts pages alerts warnings notices flags blocks tools rooms cakes routes boats"
    " boxes parcels keys doors beds shifts tasks photos samples meters readings prices tickets"
    " seats courts walls bikes cars books games songs recipes dishes menus stamps coins hives"
)
ADJECTIVES = _words(
    "new old late free open monthly hourly daily weekly missing broken small large hidden bad"
    " active empty full last next final own public private local raw"
)
PRODUCTS = _words("tool app service site page board program script library dashboard bot game")
PREPOSITIONS = ("on", "from", "for", "with", "per", "in", "by", "at", "of")
_Made = list[tuple[str, str]]


def sentences(number: int) -> list[tuple[_Made, set[int]]]:
    """Return sentences as words with their tags, and where statements begin behind the first."""
    chance = random.Random(7)
    forms: list[Callable[[random.Random], _Made]] = [
        _people_act, _orders, _product_acts, _passive, _allowed, _where, _noun_lists, _each_one,
        _features,
    ]  # fmt: skip
    found = []
    for _ in range(number):
        parts = chance.choice(forms)(chance)
        begins: set[int] = set()
        words: _Made = []
        for word, tag in parts:
            if word == "|":
                begins.add(len(words))
            else:
                words.append((word, tag))
        found.append((words, begins))
    return found


def _thing(chance: random.Random) -> _Made:
    before: _Made = []
    if chance.random() < 0.3:
        before.append((chance.choice(["the", "their", "all", "each", "a"]), "D"))
    if chance.random() < 0.3:
        before.append((chance.choice(ADJECTIVES), "A"))
    word = chance.choice(OBJECTS)
    if before and before[0][0] in {"each", "a"}:
        word = word.removesuffix("s")
    behind: _Made = []
    if chance.random() < 0.3:
        behind = [(chance.choice(PREPOSITIONS), "I"), (chance.choice(OBJECTS), "N")]
    return [*before, (word, "N"), *behind]


def _s(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "ch", "sh")) else "s")


def _ed(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + ("d" if verb.endswith("e") else "ed")


def _people_act(chance: random.Random) -> _Made:
    found: _Made = []
    for number in range(chance.choice([1, 2, 3])):
        found += [(",", "."), ("|", "")] if number else []
        found.append((chance.choice(PEOPLE), "N"))
        if chance.random() < 0.1:  # “midwives do home visits”
            one, two = chance.sample(OBJECTS, 2)
            found += [("do", "V"), (one.removesuffix("s"), "N"), (two, "N")]
        else:
            found += [(chance.choice(VERBS), "V"), *_thing(chance)]
    return [*found, (".", ".")]


def _orders(chance: random.Random) -> _Made:
    found: _Made = []
    count = chance.choice([1, 2, 3])
    for number in range(count):
        if number:
            found += [(",", ".")] if number < count - 1 or chance.random() < 0.5 else [("and", "C")]
            found.append(("|", ""))
        verb = chance.choice(VERBS)
        found += [(verb if number or chance.random() < 0.3 else verb.capitalize(), "V")]
        found += _thing(chance)
    return [*found, (".", ".")]


def _product_acts(chance: random.Random) -> _Made:
    found: _Made = [("A", "D"), (chance.choice(PRODUCTS), "N"), ("that", "W")]
    for number in range(chance.choice([1, 2, 3])):
        found += [(",", "."), ("|", "")] if number else []
        found += [(_s(chance.choice(VERBS)), "V"), *_thing(chance)]
    return [*found, (".", ".")]


def _passive(chance: random.Random) -> _Made:
    found: _Made = [*_thing(chance), (chance.choice(["are", "is", "be"]), "M")]
    found.append((_ed(chance.choice(VERBS)), "E"))
    return [*found, ("by", "I"), (chance.choice(PEOPLE), "N"), (".", ".")]


def _allowed(chance: random.Random) -> _Made:
    modal = chance.choice(["can", "must", "should", "may"])
    found: _Made = [(chance.choice(PEOPLE), "N"), (modal, "M"), (chance.choice(VERBS), "V")]
    found += _thing(chance)
    if chance.random() < 0.5:
        found += [("and", "C"), ("|", ""), (chance.choice(VERBS), "V"), *_thing(chance)]
    return [*found, (".", ".")]


def _where(chance: random.Random) -> _Made:
    found: _Made = [("A", "D"), (chance.choice(PRODUCTS), "N"), ("where", "W")]
    found += [(chance.choice(PEOPLE), "N"), (chance.choice(VERBS), "V"), *_thing(chance)]
    if chance.random() < 0.6:
        found += [(",", "."), ("and", "C"), ("|", ""), ("where", "W"), (chance.choice(PEOPLE), "N")]
        found += [(chance.choice(VERBS), "V"), *_thing(chance)]
    return [*found, (".", ".")]


def _noun_lists(chance: random.Random) -> _Made:
    one, two, three = chance.sample(OBJECTS, 3)
    found: _Made = [(chance.choice(PEOPLE), "N"), ("see", "V")]
    found += [("a", "D"), ("list", "N"), ("of", "I")] if chance.random() < 0.5 else []
    return [*found, (one, "N"), (",", "."), (two, "N"), ("and", "C"), (three, "N"), (".", ".")]


def _each_one(chance: random.Random) -> _Made:
    person = chance.choice(PEOPLE).removesuffix("s")
    found: _Made = [(chance.choice(["the", "each", "a"]), "D"), (person, "N")]
    found += [(_s(chance.choice(VERBS)), "V"), *_thing(chance)]
    if chance.random() < 0.5:
        found += [(",", "."), ("and", "C"), ("|", ""), (chance.choice(PEOPLE), "N")]
        found += [(chance.choice(VERBS), "V"), *_thing(chance)]
    return [*found, (".", ".")]


def _features(chance: random.Random) -> _Made:
    """What a product has, behind a colon; each item is a thing to build of its own."""
    before: list[_Made] = [
        [("I", "P"), ("need", "V"), ("a", "D"), (chance.choice(PRODUCTS), "N")],
        [("A", "D"), (chance.choice(PRODUCTS), "N"), ("for", "I"), (chance.choice(PEOPLE), "N")],
        [("We", "P"), ("want", "V"), ("a", "D"), (chance.choice(PRODUCTS), "N")],
    ]
    found: _Made = [*chance.choice(before), (":", ".")]
    count = chance.choice([3, 4])
    for number in range(count):
        if number:
            found.append((",", "."))
            found += [("and", "C")] if number == count - 1 else []
        found += [("|", ""), *_feature(chance)]
    return [*found, (".", ".")]


def _feature(chance: random.Random) -> _Made:
    one, two = chance.sample(OBJECTS, 2)
    form = chance.randrange(5)
    if form == 0:
        verb = _s(chance.choice(VERBS))
        alarm = chance.choice(["warning", "alarm", "reminder", "mail"])
        subject: _Made = [("a", "D"), (one.removesuffix("s"), "N"), (verb, "V")]
        return [("a", "D"), (alarm, "N"), ("when", "W"), *subject]
    if form == 1:
        return [(one, "N"), ("with", "I"), (two, "N")]
    if form == 2:
        return [("the", "D"), (chance.choice(PEOPLE)[:-1] + "'s", "N"), (one, "N")]
    if form == 3:
        return [("a", "D"), ("list", "N"), ("of", "I"), (one, "N"), ("by", "I"), (two, "N")]
    return [
        (chance.choice(ADJECTIVES), "A"),
        (one, "N"),
        ("for", "I"),
        ("each", "D"),
        (two[:-1], "N"),
    ]
