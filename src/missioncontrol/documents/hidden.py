"""Makes characters visible that would hide or reorder the text around them."""

import re

_INVISIBLE = re.compile(
    "["
    "\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # controls, but not tab and line feed
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks of direction, zero width
    "\u2028-\u202e\u2060-\u206f"  # separators, bidirectional controls, invisible operators
    "\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"  # halves of a character; they cannot be written as UTF-8
    "\U000e0000-\U000e0fff"  # tags and variation selectors that can carry a hidden message
    "]"
    # Joiners belong to emoji and to some scripts; between ASCII they only hide something.
    "|(?<=[\u0000-\u007f])[\u200c\u200d]|[\u200c\u200d](?=[\u0000-\u007f])"
)


def visible(text: str) -> str:
    """Return `text` with each hidden character written out, such as `⟨U+202E⟩`."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))
