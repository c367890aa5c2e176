"""How the word that goes with each change stands in a page: never twice as the same text.

Pages are packed before they are sent, and the length of what is packed tells of text that stands in
it twice: an attacker who puts guesses into a page and sees its length finds the word letter by
letter (https://www.breachattack.com). Under a mask of its own in each page there is nothing to
find.
"""

import secrets

WORD_BYTES = 32


def masked(word: str) -> str:
    """Return a mask and the word under it: 128 digits for a word of 64."""
    mask = secrets.token_bytes(WORD_BYTES)
    return (mask + _over(mask, bytes.fromhex(word))).hex()


def unmasked(word: str) -> str:
    """Return the word that a client sent back; what is no masked word comes back as it is."""
    if len(word) != 4 * WORD_BYTES:
        return word
    try:
        found = bytes.fromhex(word)
    except ValueError:
        return word
    return _over(found[:WORD_BYTES], found[WORD_BYTES:]).hex()


def _over(mask: bytes, word: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(mask, word, strict=True))
