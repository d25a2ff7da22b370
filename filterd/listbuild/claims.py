"""Claims: what one list says about one name, as a 12-bit mask, and how claims of many lists become closed tag sets.

Pure functions on small integers; the builder (build.py) applies them to millions of names with a few dictionary
look-ups each, because only a few different combinations ever occur. The rules are those inside a list: the longest
matching entry decides; an exception is a longer or equal entry of the same list and never touches another list's tag;
`$important` beats exceptions; exact entries match only themselves.
"""

from __future__ import annotations

# Bits of a mask. "Self" is exactly the name, "below" every name below it. A hole ($denyallow) ends an entry further up
# without being an exception: at the same name a block still wins over it.
BLOCK_SELF, BLOCK_BELOW, ALLOW_SELF, ALLOW_BELOW, HOLE_SELF, HOLE_BELOW = 1, 2, 4, 8, 16, 32
IMPORTANT_SHIFT = 6  # the same six bits again for `$important` rules
BLOCK = BLOCK_SELF | BLOCK_BELOW
ALLOW = ALLOW_SELF | ALLOW_BELOW
HOLE = HOLE_SELF | HOLE_BELOW
MASK_BITS = 12

Claim = tuple[tuple[int, int], ...]  # (list number, mask) in ascending order of lists
State = tuple[tuple[int, int, int], ...]  # (list number, verdict of important rules, of the others): what is inherited

_NONE, _BLOCKS, _ALLOWS = 0, 1, 2


def mask_of(*, exact: bool = False, below_only: bool = False, allow: bool = False, important: bool = False) -> int:
    """Return the mask of one entry."""
    scope = BLOCK_SELF if exact else BLOCK_BELOW if below_only else BLOCK
    return (scope << 2 if allow else scope) << (IMPORTANT_SHIFT if important else 0)


def merge(claim: Claim, number: int, mask: int) -> Claim:
    """Return `claim` with the mask of list `number` added."""
    masks = dict(claim)
    masks[number] = masks.get(number, 0) | mask
    return tuple(sorted(masks.items()))


def close(parent: State, claim: Claim) -> tuple[tuple[int, ...], tuple[int, ...], State]:
    """Return (lists that block exactly this name, lists that block the names below it, state that is inherited below).

    `parent`: the state that the nearest ancestor with a claim hands down; () when there is none.
    """
    inherited = {number: (important, normal) for number, important, normal in parent}
    masks = dict(claim)
    at_name: list[int] = []
    state: list[tuple[int, int, int]] = []
    for number in sorted(inherited.keys() | masks.keys()):
        important, normal = inherited.get(number, (_NONE, _NONE))
        mask = masks.get(number, 0)
        if _blocks(_own(mask >> IMPORTANT_SHIFT, important), _own(mask, normal)):
            at_name.append(number)
        important, normal = _own(mask >> IMPORTANT_SHIFT + 1, important), _own(mask >> 1, normal)
        if important or normal:
            state.append((number, important, normal))
    below = tuple(number for number, important, normal in state if _blocks(important, normal))
    return tuple(at_name), below, tuple(state)


def blocking(state: State) -> tuple[int, ...]:
    """Return the lists that block under `state`."""
    return tuple(number for number, important, normal in state if _blocks(important, normal))


def _own(bits: int, inherited: int) -> int:
    """Return the verdict of one level at one name: an exception, else a block, else a hole, else what is inherited."""
    if bits & ALLOW_SELF:
        return _ALLOWS
    if bits & BLOCK_SELF:
        return _BLOCKS
    return _NONE if bits & HOLE_SELF else inherited


def _blocks(important: int, normal: int) -> bool:
    return (important or normal) == _BLOCKS
