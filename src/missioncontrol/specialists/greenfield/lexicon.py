"""Parts of speech and classes of English words, and the lists of words in `catalogue/`."""

import gzip
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

Tag = Literal["D", "P", "N", "V", "G", "E", "A", "R", "I", "C", "M", "X", "T", "W", "#", "."]
"""Determiner, pronoun, noun, verb, -ing form, -ed form, adjective, adverb, preposition,
conjunction, modal, negation, `to`, wh-word, number, punctuation."""
PartOfSpeech = Literal["n", "v", "a", "r"]
_FACT = re.compile(r"([nvar])(\d+)")
# Words of software and everyday trade that WordNet lacks, or counts in another sense.
_OURS = {
    "api": ("n9", "communication"),
    "app": ("n9", "artifact"),
    "backup": ("n9", "artifact"),
    "csv": ("n9", "communication"),
    "dashboard": ("n9", "communication"),
    "email": ("n9v1", "communication"),
    "e-mail": ("n9v1", "communication"),
    "gpu": ("n9", "artifact"),
    "json": ("n9", "communication"),
    "login": ("n9", "act"),
    "metadata": ("n9", "communication"),
    "offline": ("a9", ""),
    "online": ("a9", ""),
    "onboarding": ("n9", "act"),
    "pdf": ("n9", "communication"),
    "signup": ("n9", "act"),
    "url": ("n9", "communication"),
    "webhook": ("n9", "communication"),
    "workflow": ("n9", "act"),
    "specialist": ("n9", "person"),
    "person": ("n9", "person"),
    "agent": ("n9", "person"),
    "guest": ("n9", "person"),
    "member": ("n9", "person"),
    "minutes": ("n9", "communication"),
    "borrower": ("n9", "person"),
    "keeper": ("n9", "person"),
    "volunteer": ("n9v2", "person"),
    "operator": ("n9", "person"),
    "staff": ("n9", "person"),
    "vet": ("n9", "person"),
    "neighbour": ("n9", "person"),
    "photo": ("n9", "artifact"),
    "scale": ("n9v1", "artifact"),
    "firmware": ("n9", "artifact"),
    "upload": ("v9n2", "act"),
    "download": ("v9n2", "act"),
    "sync": ("v9n2", "act"),
    "replay": ("v9n3", "act"),
    "draw": ("v9", ""),
    "tell": ("v9", ""),
    "keep": ("v9", ""),
    "use": ("v9n2", "act"),
    "need": ("v9n2", "state"),
    "ask": ("v9", ""),
    "say": ("v9", ""),
    "let": ("v9", ""),
    "want": ("v9", ""),
    "live": ("v9a3", ""),
    "plan": ("n9v9", "communication"),
    "board": ("n9", "artifact"),
    "lend": ("v9", ""),
    "late": ("r9a9", ""),
    "back": ("r9", ""),
    "server": ("n9", "artifact"),
    "computer": ("n9", "artifact"),
    "printer": ("n9", "artifact"),
    "scanner": ("n9", "artifact"),
    "counter": ("n9", "artifact"),
    "folder": ("n9", "artifact"),
    "reminder": ("n9", "communication"),
    "tracker": ("n9", "artifact"),
    "planner": ("n9", "person"),
    "payroll": ("n9", "communication"),
    "browser": ("n9", "artifact"),
    "user": ("n9", "person"),
    "admin": ("n9", "person"),
    "figure": ("n9v1", "communication"),
    "figures": ("n9", "communication"),
    "click": ("n9v5", "act"),
    "swap": ("n9v9", "act"),
    "shift": ("n9v1", "time period"),
    "day-ahead": ("a9", ""),
    **dict.fromkeys(
        ("hourly", "daily", "weekly", "monthly", "yearly", "nightly", "quarterly"), ("a9", "")
    ),
}


class Word(msgspec.Struct, frozen=True):
    """What is known about a base form."""

    counts: dict[str, int]  # by part of speech; 0 where it is possible but rare
    noun_class: str = ""

    def share(self, part: PartOfSpeech) -> float:
        """Return how likely the word is this part of speech, without its context."""
        total = sum(self.counts.values()) + 0.5 * len(self.counts)
        return (self.counts[part] + 0.5) / total if part in self.counts else 0.0


def look_up(word: str) -> Word | None:
    """Return what is known about a base form in lower case, in British or American spelling."""
    words = _words()[0]
    found = words.get(word)
    if found is None or not any(found.counts.values()):
        return words.get(_american(word), found)
    return found


def _american(word: str) -> str:
    """Return an American spelling of a British word: `recognise`, `colour`, `catalogue`."""
    if word.endswith(("ise", "yse")):
        return word[:-2] + "ze"
    if word.endswith("our"):
        return word[:-3] + "or"
    return word.removesuffix("ue") if word.endswith("ogue") else word


def noun_base(word: str) -> str:
    """Return the singular of a noun in lower case; an unknown word loses a regular ending."""
    words, irregular = _words()
    if (word, "n") in irregular:
        return irregular[word, "n"]
    known = words.get(word)
    candidates = _singulars(word)
    for each in candidates:
        found = look_up(each)
        if (
            found
            and "n" in found.counts
            and not (known and known.counts.get("n", -1) > max(5, found.counts["n"]))
        ):
            return each
    if known and "n" in known.counts:
        return word
    return candidates[-1] if candidates else word


def _singulars(word: str) -> list[str]:
    if len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return []
    if word.endswith("ies"):
        return [word[:-3] + "y"]
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return [word[:-1], word[:-2]]
    if word.endswith("ves"):
        return [word[:-3] + "f", word[:-3] + "fe", word[:-1]]
    return [word[:-1]]


def verb_base(word: str) -> tuple[str, str] | None:
    """Return the base form of a verb and its form: base, s, ing or ed; None where it is no verb."""
    irregular = _words()[1]
    if (word, "v") in irregular:
        return irregular[word, "v"], "ed"
    candidates: list[tuple[str, str]] = [(word, "base")]
    for ending, form in (("ing", "ing"), ("ed", "ed"), ("es", "s"), ("s", "s")):
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            root = word.removesuffix(ending)
            candidates += [(root + "e", form)] if ending != "s" else []
            candidates.append((root, form))
            if len(root) > 2 and root[-1] == root[-2]:
                candidates.append((root[:-1], form))
            if root.endswith("i"):
                candidates.append((root[:-1] + "y", form))
    known = [
        (found.counts["v"], form != "base", base, form)
        for base, form in candidates
        if (found := look_up(base)) and "v" in found.counts
    ]
    return max(known)[2:] if known else None


def listed_words(name: str) -> frozenset[str]:
    """Return the words of a list."""
    return _lists()[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    return {name: frozenset(each) for name, each in _data().items() if isinstance(each, list)}


@cache
def _data() -> dict[str, Any]:
    text = files(__package__).joinpath("catalogue", "words.toml").read_text("utf-8")
    return tomllib.loads(text)


_NO_PEOPLE = listed_words("no_people")


def noun_class(word: str) -> str:
    """Return the class of a singular noun: person, artifact, time … or an empty string."""
    found = look_up(word)
    if found:
        return found.noun_class
    is_agent = word.endswith(("er", "or", "ist", "eer", "ee")) and len(word) > 5
    return "person" if is_agent and word not in _NO_PEOPLE and not _compares(word) else ""


def _compares(word: str) -> bool:
    """Whether a word is a comparative: harder, larger."""
    roots = (look_up(word[:-2]), look_up(word[:-1])) if word.endswith("er") else ()
    return any(each is not None and each.share("a") > 0.5 for each in roots)


def is_verb(word: str) -> bool:
    """Whether a base form is a verb more often than a noun: not “tram”, “stand” or “podcast”."""
    found = look_up(word)
    return found is not None and found.share("v") > 0.5


_PARTICIPLES = {
    "be": "been", "become": "become", "begin": "begun", "bid": "bid", "bind": "bound",
    "break": "broken", "bring": "brought", "build": "built", "buy": "bought", "catch": "caught",
    "choose": "chosen", "come": "come", "cost": "cost", "cut": "cut", "do": "done",
    "draw": "drawn", "drive": "driven", "eat": "eaten", "fall": "fallen", "feed": "fed",
    "find": "found", "forget": "forgotten", "get": "got", "give": "given", "go": "gone",
    "grow": "grown", "hang": "hung", "hear": "heard", "hide": "hidden", "hit": "hit",
    "hold": "held", "keep": "kept", "know": "known", "lay": "laid", "lead": "led",
    "learn": "learned", "leave": "left", "lend": "lent", "let": "let", "lose": "lost",
    "make": "made", "mean": "meant", "meet": "met", "pay": "paid", "put": "put", "read": "read",
    "rebuild": "rebuilt", "ride": "ridden", "ring": "rung", "rise": "risen", "run": "run",
    "say": "said", "see": "seen", "seek": "sought", "sell": "sold", "send": "sent", "set": "set",
    "shoot": "shot", "show": "shown", "shut": "shut", "sing": "sung", "sit": "sat",
    "sleep": "slept", "speak": "spoken", "spend": "spent", "split": "split", "stand": "stood",
    "steal": "stolen", "stick": "stuck", "swim": "swum", "take": "taken", "teach": "taught",
    "tell": "told", "think": "thought", "throw": "thrown", "understand": "understood",
    "undo": "undone", "wear": "worn", "win": "won", "withdraw": "withdrawn", "write": "written",
}  # fmt: skip
_DOUBLING = listed_words("doubling")


def participle(verb: str) -> str:
    """Return the past participle of a base form: `lent`, `registered`, `planned`."""
    if verb in _PARTICIPLES:
        return _PARTICIPLES[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + (verb[-1] if verb in _DOUBLING else "") + "ed"


def third_person(verb: str) -> str:
    """Return the form of a base form after he, she or it: `lends`, `carries`."""
    if verb in {"have", "be"}:
        return {"have": "has", "be": "is"}[verb]
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


_IN_VES = ("knife", "wife", "life", "shelf", "half", "calf", "leaf", "loaf", "thief", "wolf")


def plural(noun: str) -> str:
    """Return the plural of a noun or a noun phrase by its last word."""
    *before, last = noun.split(" ")
    for form, base in (("people", "person"), ("children", "child"), ("men", "man")):
        if last == base or (base == "man" and last.endswith("man") and look_up(last)):
            return " ".join([*before, last.removesuffix(base) + form])
    if noun_base(last) != last or last.endswith(("data", "news", "equipment", "information")):
        return noun
    if last.endswith(_IN_VES):
        last = last.removesuffix("e")[:-1] + "ves"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "es" if last.endswith(("s", "x", "z", "ch", "sh")) else "s"
    return " ".join([*before, last])


@cache
def _words() -> tuple[dict[str, Word], dict[tuple[str, str], str]]:
    data = gzip.decompress(files(__package__).joinpath("lexicon.tsv.gz").read_bytes())
    words: dict[str, Word] = {}
    irregular: dict[tuple[str, str], str] = {}
    for line in data.decode("ascii").splitlines():
        word, facts, noun_class = line.split("\t")
        if facts.startswith("="):
            irregular[word, noun_class] = facts[1:]
        else:
            words[word] = Word(_counts(facts), noun_class)
    words |= {word: Word(_counts(facts), of) for word, (facts, of) in _OURS.items()}
    return words, irregular


def _counts(facts: str) -> dict[str, int]:
    return {part: int(count) for part, count in _FACT.findall(facts)}


@cache
def closed_words() -> dict[str, Tag]:
    """Return the words that are always the same part of speech, with its letter."""
    found: dict[str, Tag] = {}
    for tag, listed in _data()["closed"].items():
        for word in listed.split():
            found.setdefault(word, tag)
    return found
