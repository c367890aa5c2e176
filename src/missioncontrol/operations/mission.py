"""What may be done with the plan of a mission: answer, build, sign."""

from typing import Any

from missioncontrol.application.asks import BuildMission, MissionNow
from missioncontrol.application.studio import DocumentSignature
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.document import SignDocument
from missioncontrol.domain.plan_answers import AnswerQuestions
from missioncontrol.queries.mission import MISSION

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

OPERATIONS: tuple[Operation[Any, Any], ...] = (ANSWER, BUILD, SIGN)
