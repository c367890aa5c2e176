"""Who may say what about an approval, and when."""

from missioncontrol.domain.approval.approval_requests import SUBJECT_BYTES_MAX, refuse_unreachable
from missioncontrol.domain.approval.commands import (
    Approve,
    Defer,
    Delegate,
    RequestChanges,
    Who,
    Word,
)
from missioncontrol.domain.approval.states import ROLE, Approval, Decided, moment, speaker, voice
from missioncontrol.domain.canonical import canonical
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import (
    Known,
    can_decide,
    is_name,
    is_reserved,
    known_as,
    person,
)
from missioncontrol.domain.visible import BLANKS

REASON_MAX = 4_000
WORDS_MAX = 200
"""Deferrals and delegations of one approval, together."""

TYPED_MIN = 8
"""Letters of a digest that tell it from others on one screen."""

CHAIN_MAX = 5
"""How many times one say may be handed on."""


def refuse_bad_words(command: Word) -> None:
    """Refuse a name that hides something or is no person's, and a reason that says nothing."""
    who, reason = command.who, command.reason
    is_given = who.signed_in in ("", "claimed")
    for name in (who.actor, *filter(None, (who.on_behalf, who.os_user))):
        is_program = bool(person(name)) and name != who.os_user and is_reserved(name)
        if not is_name(name) or (is_given and is_program):
            raise Rejected(
                "approval.bad_name",
                f"{ascii(name)[:80]} can't be the name of a person who decides.",
                hint="A name is one line of at most 200 characters, with nothing hidden in it, and "
                "none that Mission Control uses for something that is no person.",
            )
    if not any(character.isalnum() and character not in BLANKS for character in reason):
        raise Rejected("approval.bad_reason", "The reason is empty.", hint="Say why, in words.")
    if len(reason) > REASON_MAX:
        raise Rejected(
            "approval.bad_reason",
            f"The reason has {len(reason):,} characters; at most {REASON_MAX:,} fit.",
            hint="Shorten it.",
        )
    if any("\ud800" <= character <= "\udfff" for character in reason):
        raise Rejected("approval.bad_reason", "The reason is not valid Unicode.")


def refuse_program(who: Who) -> None:
    """Refuse a speaker who is no person, or speaks for none."""
    for name in (who.actor, who.on_behalf):
        if name and not person(name):
            raise Rejected(
                "approval.not_a_person",
                f"{name!r} is a program, and only people decide about an approval.",
                hint="A person has to look at it.",
            )


def refuse_late(approval: Approval, now: float) -> None:
    """Refuse what comes after the answer, or after the time to answer."""
    match approval.standing:
        case Decided(outcome=outcome, by=by, at=at) if outcome != "expired":
            state = f"was {outcome} by {by!r}"
            if outcome == "changed":
                state = f"is over: {by!r} asked for other inputs"
            raise Rejected(
                "approval.decided",
                f"Approval {approval.id!r} {state} at {moment(at)}.",
                hint="That is final; a change needs a new approval.",
            )
    if approval.is_final or now >= approval.expires:
        raise Rejected(
            "approval.expired",
            f"Approval {approval.id!r} expired at {moment(approval.expires)}.",
            hint="Run the step again to request a new approval.",
        )


def refuse_unseen(command: Word, approval: Approval) -> None:
    """Refuse an answer to something other than what is asked."""
    if command.digest and command.digest != approval.digest:
        raise Rejected(
            "approval.changed",
            f"What you saw has digest {command.digest[:80]!r}; approval {approval.id!r} is about "
            f"{approval.digest!r}.",
            hint=f"Look at it again: `mission approvals show {approval.id}`.",
        )


def refuse_author(command: Word, approval: Approval, now: float) -> None:
    """Refuse the author and agents of theirs, and a yes of those who changed the inputs.

    The one person of a workspace may agree to what they wrote, after a second look.
    """
    who, authors, writers = speaker(command.who), approval.authors, approval.writers
    if not who.is_also(writers) or not (isinstance(command, Approve) or who.is_also(authors)):
        return
    if isinstance(command, Approve) and command.look.is_alone:
        _refuse_first_look(command, approval, now)
        return
    raise _by_author(command, approval, "Another person has to decide.")


def _by_author(command: Word, approval: Approval, hint: str) -> Rejected:
    """Return the refusal of a decision by the author, or by a person who changed the inputs."""
    who, authors, writers = speaker(command.who), approval.authors, approval.writers
    if who.is_also(authors):
        return Rejected(
            "approval.by_author",
            f"{_named(command.who, authors)} asked for this, or acts for its author "
            f"{approval.author!r}, and can't decide about it.",
            hint=f"{hint} `mission approvals withdraw {approval.id}` takes the question back."
            + _sharing(who, authors),
        )
    return Rejected(
        "approval.by_author",
        f"{_named(command.who, writers)} changed the inputs, and can't agree to their own changes.",
        hint=hint + _sharing(who, writers),
    )


def _refuse_first_look(command: Approve, approval: Approval, now: float) -> None:
    """Refuse a yes of the author that is not a second look, and say what makes it one."""
    if not command.look.seconds:
        raise _by_author(
            command,
            approval,
            "No other user may approve. Add a teammate: `mission user add NAME --role approver`, "
            "then `mission user invite NAME`. Or allow a second look at your own runs: `mission "
            "user second-look 10m`.",
        )
    opens = approval.requested + command.look.seconds
    if now < opens:
        raise Rejected(
            "approval.look_later",
            f"{command.who.actor!r} asked for this, and may approve it from {moment(opens)} on, "
            "as a second look.",
            hint="Wait until then, and look at it again.",
        )
    if len(command.typed) < TYPED_MIN or not approval.digest.startswith(command.typed):
        raise Rejected(
            "approval.look_again",
            f"{command.who.actor!r} asked for this; a second look takes the first {TYPED_MIN} "
            "letters of its digest, typed.",
            hint=f"Look at it with `mission approvals show {approval.id}`, then `mission approvals "
            f"approve {approval.id} --digest {approval.digest[:TYPED_MIN]} --reason TEXT`.",
        )


def _named(who: Who, writers: Known) -> str:
    """Name the speaker, and state it where the writers know them by another name."""
    known = speaker(who)
    if known.names & writers.names:
        return repr(who.actor)
    if known.users & writers.names:
        return f"{who.os_user!r}, who gave the name {who.actor!r},"
    return f"{who.actor!r}, under another name,"


def _sharing(who: Known, writers: Known) -> str:
    """Describe how people who share a terminal are distinguished, if that may be the cause."""
    if who.names & writers.names:
        return ""
    return " People who share a terminal each give a name: MISSION_ACTOR, or --as."


def refuse_uninvited(who: Who, approval: Approval) -> None:
    """Refuse a speaker who has no say, or gave it away."""
    name = person(who.actor)
    if name in approval.delegations:
        raise Rejected(
            "approval.delegated",
            f"{who.actor!r} gave their say to {approval.delegations[name]!r}.",
            hint="That person decides now.",
        )
    people = approval.people
    if ROLE not in people and name not in people:
        raise Rejected(
            "approval.not_named",
            f"{who.actor!r} is not asked; those who are: {', '.join(sorted(people))}.",
            hint="One of them decides, or gives their say to you.",
        )


def refuse_stranger(who: Who, approval: Approval) -> None:
    """Refuse a speaker who neither asked nor acts for the person who did."""
    if not speaker(who).is_also(approval.authors):
        raise Rejected(
            "approval.not_author",
            f"{who.actor!r} did not ask for it; {approval.author!r} did.",
            hint="Its author may withdraw it; approvers reject it.",
        )


def refuse_bad_changes(command: RequestChanges, approval: Approval) -> None:
    """Refuse inputs that are no change, no JSON, or that no person would be left to approve."""
    wanted = canonical(command.inputs)
    if len(wanted) > SUBJECT_BYTES_MAX:
        raise Rejected(
            "approval.too_long",
            f"The inputs take {len(wanted):,} bytes; at most {SUBJECT_BYTES_MAX:,} fit.",
            hint="Hand large contents on as a file.",
        )
    if "inputs" in approval.subject and wanted == canonical(approval.subject["inputs"]):
        raise Rejected(
            "approval.no_changes",
            "The inputs are those that were shown.",
            hint="Change some of them, or reject with a reason.",
        )
    # The editor of the inputs has written them, and a person must be left to look at them.
    writers = approval.writers | known_as((command.who.actor,), command.who.os_user)
    refuse_unreachable(approval.rule, approval.approvers, approval.delegations, writers)


def refuse_bad_deferral(command: Defer, approval: Approval, now: float) -> None:
    """Refuse to put it off into the past, or past its end."""
    _refuse_many_words(approval)
    if not now < command.until < approval.expires:
        raise Rejected(
            "approval.bad_deferral",
            f"{moment(command.until)} is not between now and {moment(approval.expires)}, "
            "when the approval expires.",
            hint="Choose a time between the two; a deferral does not give more time.",
        )


def refuse_bad_delegate(command: Delegate, approval: Approval) -> None:
    """Refuse to delegate to a person who can't decide, or too often for people to follow."""
    _refuse_many_words(approval)
    by, to = person(command.who.actor), person(command.to)
    fault = ""
    if not can_decide(command.to):
        fault = f"{ascii(command.to)[:80]} is no person's name"
    elif to == by:
        fault = "That is you"
    elif to in approval.writers.all:
        fault = f"{command.to!r} wrote what is to run"
    elif to in approval.delegations:
        fault = f"{command.to!r} gave their own say to {approval.delegations[to]!r}"
    elif any(by in voice(given) for given in approval.agreed):
        fault = "You have agreed already, so there is nothing to hand over"
    elif _depth(by, approval.delegations) >= CHAIN_MAX:
        fault = f"This say was handed on {CHAIN_MAX} times already"
    if fault:
        raise Rejected("approval.bad_delegate", f"{fault}.", hint="Name another person.")
    handed = {**approval.delegations, by: to}
    refuse_unreachable(approval.rule, approval.approvers, handed, approval.writers)


def _depth(name: str, delegations: dict[str, str]) -> int:
    """Return how often the says that `name` holds were handed on, the longest way counting."""
    before = [giver for giver, taker in delegations.items() if taker == name]
    return 1 + max(_depth(giver, delegations) for giver in before) if before else 0


def _refuse_many_words(approval: Approval) -> None:
    if len(approval.remarks) >= WORDS_MAX:
        raise Rejected(
            "approval.too_many_words",
            f"Approval {approval.id!r} was put off or handed on {len(approval.remarks)} times.",
            hint="Approve, reject or withdraw it.",
        )
