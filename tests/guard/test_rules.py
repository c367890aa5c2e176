import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.guard.rules import Rules, own_text, rules_of, rules_text


def keys(rules: Rules) -> list[str]:
    return [each.key for each in rules.rules]


def test_where_a_repository_says_nothing_ours_hold() -> None:
    named = ["cross-service", "security", "migration", "novel-pattern", "public-interface", "guard"]
    assert keys(rules_of()) == named


def test_a_repository_turns_off_changes_and_adds() -> None:
    rules = rules_of(
        """
        specs = ["rfc/*.md"]
        fresh_days = 7
        [rules.migration]
        is_off = true
        [rules.security]
        severity = "note"
        [rules.money]
        title = "Moves money"
        why = "It is somebody's."
        [[rules.money.when]]
        paths = ["billing/"]
        """
    )
    assert "migration" not in keys(rules)
    assert rules.specs == ("rfc/*.md",)
    assert rules.fresh_days == 7
    security = next(each for each in rules.rules if each.key == "security")
    assert security.severity == "note"
    assert security.title == next(r for r in rules_of().rules if r.key == "security").title
    assert rules.rules[-1].when[0].paths == ("billing/",)


def test_what_is_printed_reads_back_as_the_same_rules() -> None:
    rules = rules_of('signers = ["ab"]\n[rules.x]\ntitle = "T \\"q\\" \\\\ é"\nwhy = "W"\n'
                     "[[rules.x.when]]\nadded = ['\\bA\\(\"']\nis_new_import = true\n")  # fmt: skip
    again = rules_of(rules_text(rules))
    assert again == rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("specs = [", "guard.toml can't be used: "),
        ("colour = 1", "unknown field `colour`"),
        ("fresh_days = 0", "fresh_days"),
        ("[rules.security]\nsevere = true", "rules.security: object contains unknown field"),
        ("[rules.security]\nseverity = 'bad'", "rules.security.severity"),
        ("[rules.Mine]\ntitle = 'a'", "'Mine' is no key"),
        ("[rules.mine]\ntitle = 'a'", "rules.mine: `why` is missing"),
        ("[rules.security]\nwhen = [{}]", "is empty"),
        ("[rules.security]\nwhen = [{added = ['(']}]", "rules.security.when.added: '('"),
        ("[rules.security]\nwhen = [{paths = ['# none']}]", "names no path"),
        ("specs = [' ']", "names no path"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Rejected) as caught:
        rules_of(text)
    assert caught.value.code == "guard.bad_rules"
    assert message in str(caught.value)
    assert ".mission/guard.toml" in str(caught.value)


def test_our_rules_are_a_file_that_a_repository_could_have() -> None:
    assert rules_of(own_text()) == rules_of()
