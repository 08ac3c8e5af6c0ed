"""New arguments drawn by type alone: edges and repetitions come more often than chance would have them."""

from random import Random
from typing import Any

from etude.strengthening.domain import Domain, mended
from etude.strengthening.facts import words_of
from etude.strengthening.inputs import Arguments
from etude.strengthening.shapes import Mix, Shape

AGAIN = 0.2
"""How often a value that was seen is drawn again."""
EDGE = 0.2
FEW = 0.4
"""How often a text or a row is made of few different items, since repetitions are what programs forget."""
TWINS = 0.2
DEEPEST = 6


def drawn(domain: Domain, dice: Random, number: int) -> list[Arguments]:
    """At most `number` different arguments of a domain's shapes."""
    found: dict[str, Arguments] = {}
    for _ in range(3 * number if domain.shapes else 0):
        given = mended(_with_twins(tuple(draw(mix, dice) for mix in domain.shapes), dice), domain.relations)
        found.setdefault(repr(given), given)
        if len(found) == number:
            break
    return list(found.values())


def _with_twins(given: Arguments, dice: Random) -> Arguments:
    """Now and then two arguments of one type are the same: programs forget that, too."""
    if len(given) < 2 or dice.random() >= TWINS:
        return given
    one, other = dice.sample(range(len(given)), 2)
    if type(given[one]) is not type(given[other]):
        return given
    return (*given[:other], given[one], *given[other + 1 :])


def draw(mix: Mix, dice: Random, depth: int = 0) -> Any:
    """A value of one of the shapes of a place."""
    shape = dice.choice(mix)
    if shape.kind is bool:
        return dice.random() < 0.5
    if dice.random() < AGAIN or depth > DEEPEST or shape.kind not in (int, float, str, list, tuple, set, dict):
        return dice.choice(shape.seen)
    if shape.kind in (int, float):
        return _number(shape, dice)
    if shape.kind is str:
        return _text(shape, dice)
    if shape.kind is dict:
        keys = [draw(shape.items, dice, depth + 1) for _ in range(_length(shape, dice))] if shape.items else []
        return {key: draw(shape.values, dice, depth + 1) for key in keys}
    return _row(shape, dice, depth)


def _number(shape: Shape, dice: Random) -> float:
    low, high = shape.low, shape.high
    if shape.kind is float:
        return round(dice.choice((low, high)) if dice.random() < EDGE else dice.uniform(low, high), shape.decimals)
    least, most = int(low), int(high)
    if dice.random() < EDGE:
        return min(most, max(least, dice.choice((least, most, least + 1, most - 1, 0, 1, 2))))
    if most - least > 200 and dice.random() < 0.5:  # small numbers are as good as great ones
        return min(most, least + int(2 ** dice.uniform(0, (most - least).bit_length())))
    return dice.randint(least, most)


def _length(shape: Shape, dice: Random) -> int:
    low, high = int(shape.low), int(shape.high)
    return dice.choice((low, high, min(high, low + 1))) if dice.random() < EDGE else dice.randint(low, min(high, 40))


def _text(shape: Shape, dice: Random) -> str:
    if "known words" in shape.facts:
        words = words_of(shape.seen)
        return " ".join(dice.choice(words) for _ in range(dice.randint(1, 6)))
    letters = shape.letters or " "
    if dice.random() < FEW:
        letters = "".join(dice.choice(letters) for _ in range(dice.randint(1, 3)))
    if " " in shape.letters and dice.random() < FEW:
        letters += " " * max(1, len(letters) // 4)
    return "".join(dice.choice(letters) for _ in range(max(int(shape.low), _length(shape, dice))))


def _row(shape: Shape, dice: Random, depth: int) -> Any:
    if shape.parts:
        items = [draw(mix, dice, depth + 1) for mix in shape.parts]
    elif shape.items:
        items = _items(shape, dice, depth)
    else:
        items = []
    items = in_order(items, shape)
    if shape.kind is set:
        return {item for item in items if not isinstance(item, list | dict | set)}
    return shape.kind(items)


def _items(shape: Shape, dice: Random, depth: int) -> list[Any]:
    length = _length(shape, dice)
    if "all different" in shape.facts:
        return list({repr(item): item for item in (draw(shape.items, dice, depth + 1) for _ in range(length))}.values())
    if dice.random() < FEW:
        pool = [draw(shape.items, dice, depth + 1) for _ in range(dice.randint(1, 3))]
        items = [dice.choice(pool) for _ in range(length)]
    else:
        items = [draw(shape.items, dice, depth + 1) for _ in range(length)]
    if "rectangular" in shape.facts and items:
        wide = length if "square" in shape.facts else len(items[0])
        return [_wide(row, wide, shape, dice, depth) for row in items]
    return items


def _wide(row: Any, wide: int, shape: Shape, dice: Random, depth: int) -> Any:
    """A row of a table, cut or filled up to the width of the table."""
    inside = next((item for item in shape.items if item.kind is type(row)), None)
    if inside is None or not inside.items:
        return row
    return type(row)([*row, *(draw(inside.items, dice, depth + 2) for _ in range(wide))][:wide])


def in_order(items: list[Any], shape: Shape) -> list[Any]:
    """The items in the order that the rows of a shape have, where they can be put into one."""
    if not {"ascending", "descending"} & set(shape.facts):
        return items
    try:
        return sorted(items, reverse="descending" in shape.facts)
    except TypeError:
        return items
