"""Tasks for what a goal says and no concept of the catalogue covers: an action, or a rule."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.specialists.greenfield.catalogue import TaskEntry
from missioncontrol.specialists.greenfield.lexicon import verb_base
from missioncontrol.specialists.greenfield.limits import wordings
from missioncontrol.specialists.greenfield.reading import Clause, Reading
from missioncontrol.specialists.greenfield.selection import STEM, Use, lower_words
from missioncontrol.specialists.greenfield.tables import is_doing, snake
from missioncontrol.specialists.greenfield.word_lists import words as word_list

MOST, WORDS_MIN, TITLE_MAX = 5, 3, 70
_BEGINS = re.compile(
    r"(?i)^(?:(?:and|but|or|so|then|also|which|that|who|to|where|while|as)\b[\s,]*)+"
)
_CONDITION = re.compile(
    r"(?i)\b(?:if|unless|until|when|once|whoever|who|only|must|may not|cannot|never|not|no)\b"
)
_BUILDING = word_list("building")
_ENDS = re.compile(r"(?i)[\s,;:]+(?:and|or|but|which|that|who|when|if|by|to|a|the)?$")


def uncovered_clauses(reading: Reading, uses: Sequence[Use]) -> list[Clause]:
    """Return clauses that do something, or set a rule, and that no chosen concept speaks of."""
    stems = {w[:STEM] for use in uses for words in use.words for w in words.split()}
    covered = {id(clause) for use in uses if use.concept.verbs for clause in use.clauses}
    bounded = {(each.sentence, each.start) for each in reading.limits}
    found: list[Clause] = []
    for clause in reading.clauses:
        about = [clause.verb, *(each.head for each in clause.objects)]
        is_known = id(clause) in covered or any(word[:STEM] in stems for word in about)
        has_limit = any(
            s == clause.sentence and clause.start <= at <= clause.end for s, at in bounded
        )
        is_rule = has_limit or clause.is_negated
        if is_known or clause.verb in _BUILDING or not (is_doing(clause.verb) or is_rule):
            continue
        if clause.objects and len(lower_words(clause.text)) >= WORDS_MIN:
            found.append(clause)
    return list({each.sentence: each for each in reversed(found)}.values())[::-1][:MOST]


def task_entries(clauses: Sequence[Clause], reading: Reading) -> Iterator[tuple[Clause, TaskEntry]]:
    """Yield a task for each clause; each has other checks than the ones before it."""
    used = {"action": 0, "rule": 0}
    for clause in clauses:
        sentence = reading.sentences[clause.sentence]
        kind = "rule" if _is_rule(clause, sentence) else "action"
        choices = wordings(kind)
        start = used[kind] * 2
        used[kind] += 1
        who = clause.subject if clause.subject and clause.subject.is_person else reading.main_actor
        what = (clause.objects or ((clause.subject,) if clause.subject else ()))[0]
        checks = tuple(
            choices[(start + n) % len(choices)]
            .replace("{who}", who.name)
            .replace("{what}", what.name)
            for n in range(2)
        )
        stem = f"{snake(what.name)}/{snake(clause.verb)}"
        files = (
            f"{stem}: {_plain(clause.text)[:60]}",
            f"{stem}_{snake(what.head)}_test: the cases of its checks",
        )
        yield (
            clause,
            TaskEntry(_title(clause, sentence), f"The goal says: “{sentence}”", checks, files),
        )


def _title(clause: Clause, sentence: str) -> str:
    """Return a clause as an imperative: “Let the shunter move trams all night”.

    What is no action of a person is named by its whole sentence.
    """
    words = _plain(clause.text).split()
    place = next((n for n, w in enumerate(words) if _is_form_of(w, clause.verb)), -1)
    is_rule = _is_rule(clause, sentence)
    if clause.subject and clause.subject.is_person and place > 0 and not is_rule:
        title = f"Let the {clause.subject.name} {clause.verb} {' '.join(words[place + 1 :])}"
    elif place == 0 and not is_rule:
        title = f"{clause.verb} {' '.join(words[1:])}"
    else:
        begins = "Keep the rule" if is_rule else "Cover"
        title = f"{begins}: {_plain(sentence)}"
    if len(title) > TITLE_MAX:
        title = _ENDS.sub("", title[:TITLE_MAX].rsplit(" ", 1)[0]) + " …"
    return title[:1].upper() + title[1:]


def _is_rule(clause: Clause, sentence: str) -> bool:
    """Whether a clause says when something holds, and not what a person does."""
    acts = clause.subject is not None and clause.subject.is_person and not clause.is_negated
    return clause.is_negated or _CONDITION.search(clause.text if acts else sentence) is not None


def _plain(text: str) -> str:
    text = _ENDS.sub("", _BEGINS.sub("", " ".join(text.split())))
    return text.strip(" ,;:.")


def _is_form_of(word: str, verb: str) -> bool:
    found = verb_base(word.lower().strip(",;:."))
    return found is not None and found[0] == verb
