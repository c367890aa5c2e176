"""Operations on a mission: run, cancel, resume, retry, fork; answer, build and sign."""

from typing import Any

from missioncontrol.application.asks import (
    BuildMission,
    CancelMission,
    ForkMission,
    MissionCommand,
    MissionNow,
    ResumeMission,
    RetryMission,
    RunMission,
)
from missioncontrol.application.studio import DocumentSignature
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Target, Terminal
from missioncontrol.domain.document import SignDocument
from missioncontrol.domain.plan_answers import AnswerQuestions
from missioncontrol.queries.mission import MISSION, NOT_TYPED

BEGUN = Target(noun="run", path="/runs", help="the run that was begun", field="run")


def _steered(
    command: type[MissionCommand], name: str, title: str, text: str, **others: Any
) -> Operation[Any, MissionNow]:
    """Return an operation on the newest run of a mission; commands of runs do the same."""
    return Operation(
        command=command,
        name=f"mission.{name}",
        title=title,
        text=text,
        returns=MissionNow,
        permission="operate",
        by_agents=True,
        surfaces=NOT_TYPED,
        handle=lambda office, given, actor: office.run_desk.change_mission(given, actor),
        fixed={"on_behalf": ""},
        target=MISSION,
        **others,
    )


RUN = _steered(
    RunMission,
    "run",
    "Carry a plan out",
    "Carry out a mission that was only to be planned. The plan stays; a new run executes it.",
    creates=BEGUN,
    former="CarryOut",
)

CANCEL = _steered(
    CancelMission,
    "cancel",
    "Cancel a mission",
    "End its newest run: nothing of it starts any more, and what is at work is ended.",
    risk="end",
    body=Body("CancelledMission", "Why a mission is to end."),
    former="CancelRun",
)

RESUME = _steered(
    ResumeMission,
    "resume",
    "Resume a mission",
    "Resume its newest run, where it is halted or no engine works on it.",
    former="ResumeRun",
)

RETRY = _steered(
    RetryMission,
    "retry",
    "Retry a mission",
    "Do a task again, by default all that did not succeed, with all that follows from it.\n\n"
    "A new run does that; it keeps the other results of the newest one.",
    creates=BEGUN,
    body=Body("RetriedTask", "What of a mission is retried; by default all that did not succeed."),
    former="RetryRun",
)

FORK = _steered(
    ForkMission,
    "fork",
    "Fork a mission",
    "Begin a run of the mission at one of its tasks; results before that stay.",
    creates=BEGUN,
    body=Body("ForkedTask", "The task at which a new run of a mission begins."),
    former="ForkRun",
)

ANSWER = Operation(
    name="mission.answer",
    title="Answer questions of a plan",
    text="Answer questions of a plan; a new run plans the mission again with the answers.\n\n"
    "Nothing else is carried out until a person approves the new plan. Answers given before stay.",
    command=AnswerQuestions,
    returns=MissionNow,
    permission="operate",
    handle=lambda office, command, actor: office.run_desk.answer_plan(command, actor),
    target=MISSION,
    path="answers",
    operation_id="answer_plan",
    body=Body("PlanAnswers", "Answers to questions of a plan."),
    terminal=Terminal(
        names={"answers": "answer"},
        metavars={"answers": "Q1:TEXT"},
        done="{mission} is planned again by {run}.",
    ),
)

BUILD = Operation(
    name="mission.build",
    title="Build a mission with an agent",
    text="Have an agent build the tasks that the plan leaves to a builder.\n\n"
    "The plan and the results there are stay; a new run builds the changes one after another and "
    "tests them.",
    command=BuildMission,
    returns=MissionNow,
    permission="operate",
    handle=lambda office, command, actor: office.run_desk.build(command, actor),
    target=MISSION,
    body=Body("BuiltBy", "The agent that builds a mission."),
    terminal=Terminal(metavars={"builder": "NAME"}, done="{run} builds {mission}."),
)

SIGN = Operation(
    name="mission.sign",
    title="Sign a document",
    text="Sign the newest version of a document of a mission.\n\n"
    "The signature holds for the text of that version alone; an edit needs a new one.",
    command=SignDocument,
    returns=DocumentSignature,
    permission="approve",
    surfaces=BY_PEOPLE,
    handle=lambda office, command, actor: office.open_studio().sign(command, actor=actor),
    target=MISSION,
    operation_id="sign_document",
    body=Body("VersionRead", "The version of a document that is signed."),
    terminal=Terminal(
        metavars={"document": "KIND", "version": "N"},
        done="Version {version} of {document} is signed.",
    ),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    RUN,
    CANCEL,
    RESUME,
    RETRY,
    FORK,
    ANSWER,
    BUILD,
    SIGN,
)
