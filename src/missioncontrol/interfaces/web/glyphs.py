"""Icons and states as markup. Lists have hundreds of them, so each is made once and cached."""

from functools import lru_cache

from markupsafe import Markup, escape

from missioncontrol.interfaces.web.assets import asset
from missioncontrol.interfaces.web.words import look_of, state_of_run

CACHED_MAX = 2_048


@lru_cache(CACHED_MAX)
def icon(name: str, label: str = "", cls: str = "") -> Markup:
    """Return a glyph of the sprite; it has a meaning of its own where it has a `label`."""
    kind = f"i {escape(cls)}" if cls else "i"
    aria = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    place = f"{asset('icons.svg')}#{escape(name)}"
    return Markup(f'<svg class="{kind}" {aria}><use href="{place}"/></svg>')  # noqa: S704 - escaped


@lru_cache(CACHED_MAX)
def state(name: str, pill: bool = False, glyph: bool = False, word: str = "") -> Markup:
    """Return a state as glyph and word; `pill` frames it, `glyph` leaves the word unseen."""
    look = look_of(name)
    label_text = word or look.word
    shape = icon(look.glyph, label_text if glyph else "")
    shown = "" if glyph else escape(label_text)
    kind = "st pill" if pill else "st"
    return Markup(f'<span class="{kind}" data-s="{escape(look.look)}">{shape}{shown}</span>')  # noqa: S704 - escaped


def run_state(status: str, on: tuple[str, ...] = (), pill: bool = False) -> Markup:
    """Return the status of a run or a mission, and on whom it waits, as glyph and word."""
    word = f"Waiting on {on[0]}" if status == "waiting" and on else ""
    return state(state_of_run(status), pill=pill, word=word)
