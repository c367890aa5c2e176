"""The keys of a workflow file and what each means; everything else in a file is a fault."""

WORKFLOW = {
    "name": "How the workflow is called: lower-case letters, digits and `-`.",
    "version": "The version that saving this makes: the next one. Leave it out to have it counted.",
    "description": "What the workflow is for, for people.",
    "inputs": "What a run is given, by name. Expressions read it as inputs.NAME.",
    "budget": "The most that a run may spend.",
    "concurrency": "How many steps may be at work at once, 1 to 10000.",
    "timeout": "The longest that a whole run may take, such as 1h.",
    "outputs": "What a run hands back, by name; texts may hold ${{ expressions }} over steps.",
    "steps": "The steps by name. They run at once, except where one needs another.",
}

INPUT = {
    "type": "What kind of value it is.",
    "description": "What it is for, for people.",
    "default": "The value where a run is given none; an input without it is required. A relative "
    "path begins where the run was asked for, so a step that calls the workflow gives another.",
    "pattern": "A regular expression that the whole text must match.",
    "enum": "The only values that are allowed.",
    "required": "Whether a run must provide it; false allows null.",
}

BUDGET = {
    "cost": "US dollars: 2.00 USD, $2 or 2.0.",
    "tokens": "Tokens, input and output together.",
}

STEP = {
    "title": "What the step does, for people.",
    "agent": "Who does it, by name.",
    "capability": "What its worker must be able to do; an agent that has it is chosen.",
    "workflow": "The saved workflow that it runs: NAME, or NAME@VERSION.",
    "needs": "The steps that must have ended before it, one name or a list.",
    "if": "A CEL condition; the step is skipped where it is false.",
    "for_each": "A list, or an expression that gives one: the step is done for each `item`.",
    "with": "Its inputs; texts may hold ${{ expressions }}.",
    "risk": "The least tier of the step; declared effects may raise it.",
    "effects": "What the step does to the world. The tier follows from it.",
    "approval": "Who must agree before it starts; true asks one approver.",
    "retry": "How often it is tried, and how long it rests between tries; not for a workflow.",
    "timeout": "Time limits; a plain duration limits each attempt, or the called workflow.",
    "concurrency": "Items of for_each at work at once, or a key shared with other runs too; "
    "a workflow has no key.",
    "on_failure": "stop, continue, or the step that runs when this one has failed.",
    "budget": "The most that all its attempts may spend.",
    "model": "The model that it calls, where its agent does not say it: its caps hold, too.",
    "repeat": "Do it again until a condition on its output holds.",
    "artifacts": "Files that it must hand in, beyond those that its agent always does.",
}

APPROVAL = {
    "from": "Names of people or roles that may agree, one or a list.",
    "count": "How many different ones must agree.",
    "expires": "How long the question stands; then the step has failed.",
    "escalate": "Who else may decide when no decision was made for a while.",
}

ESCALATE = {
    "after": "How long to wait for the others.",
    "to": "Names of people or roles, one or a list.",
}

RETRY = {
    "attempts": "How often it is tried at most, the first time included.",
    "backoff": "Whether all waits are alike (fixed) or each is twice the one before (exponential).",
    "wait": "How long it rests after the first failure.",
    "max_wait": "The longest that it rests.",
}

TIMEOUT = {
    "queue": "From being ready to starting.",
    "run": "Of one attempt.",
    "heartbeat": "Silence allowed in an attempt.",
    "total": "From being ready first, over all attempts.",
}

CONCURRENCY = {
    "key": "Steps with the same key share its places, in all runs; may hold ${{ expressions }}.",
    "limit": "How many places there are.",
}

REPEAT = {
    "until": "A CEL condition; `output` is what the round has handed back.",
    "times": "How many rounds at most; the step has failed if `until` does not hold by then.",
    "uncounted": "A CEL number: how many rounds so far don't count; `output` as in `until`.",
}

DONE_BY = ("agent", "capability", "workflow")

OTHER_TERMS = {
    "jobs": "Here they are called `steps`, without another layer in between.",
    "uses": "Name who does it: `agent: NAME`.",
    "run": "Use `agent: command` and `with: {argv: [program, argument]}`.",
    "command": "Use `agent: command` and `with: {argv: [program, argument]}`.",
    "inputs": "What a step is given is called `with`.",
    "parameters": "What a step is given is called `with`, and what a run is given `inputs`.",
    "args": "What a step is given is called `with`.",
    "when": "A condition is called `if`.",
    "condition": "A condition is called `if`.",
    "depends_on": "It is called `needs`.",
    "depends": "It is called `needs`.",
    "dependsOn": "It is called `needs`.",
    "after": "It is called `needs`.",
    "strategy": "To do a step for each of a list, write `for_each: [a, b]`.",
    "matrix": "To do a step for each of a list, write `for_each: [a, b]`.",
    "loop": "To do a step for each of a list, write `for_each: [a, b]`.",
    "timeout-minutes": "Write `timeout: 10m`.",
    "retries": "Write `retry: 3` for three attempts in all.",
    "continue-on-error": "Write `on_failure: continue`.",
    "type": "Name who does it: `agent: NAME`.",
    "name": "A step's name is its key under `steps`; a longer one is its `title`.",
    "id": "A step's name is its key under `steps`.",
    "description": "What people should read goes into `title`.",
    "cost": "Money is written as `budget: {cost: 2.00 USD}`.",
    "<<": "Entries are not merged in; an alias can stand for a whole value.",
    "on": "What starts a run is no part of its workflow: see `mission schedule add`.",
    "env": "What a step is given is called `with`.",
}
"""Words that other tools have for things that are here too."""
