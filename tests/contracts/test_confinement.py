from missioncontrol.confinement import available_confinement
from missioncontrol.confinement.sandbox import SWITCH
from missioncontrol.ports.confinement import Confinement


def test_confinement_that_an_operator_turns_off_is_not_available_and_says_why() -> None:
    confinement = available_confinement({SWITCH: "off"})

    assert not confinement.is_available
    assert "MISSION_CONFINEMENT=off" in confinement.statement()
    assert "NOT confined" in confinement.statement()


def test_any_other_value_of_the_switch_leaves_confinement_on() -> None:
    assert available_confinement({SWITCH: "on"}) == available_confinement({})


def test_a_system_with_means_names_them() -> None:
    assert Confinement("landlock").statement() == "Steps are confined by landlock."
