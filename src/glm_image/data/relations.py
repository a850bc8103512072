"""How two things of a picture stand to each other."""

from collections.abc import Sequence

from glm_image.data.scene import Box, Scene, ShapeGroup, TextLine

Thing = ShapeGroup | TextLine

RELATIONS: tuple[str, ...] = ("left", "right", "above", "below")


def boxes_of(thing: Thing) -> tuple[Box, ...]:
    """Boxes of a group of shapes, or the one of a text."""
    return thing.boxes if isinstance(thing, ShapeGroup) else (thing.box,)


def hull(boxes: Sequence[Box]) -> Box:
    """The smallest box around boxes."""
    row, column = min(box.row for box in boxes), min(box.column for box in boxes)
    return Box(
        row=row,
        column=column,
        height=max(box.row + box.height for box in boxes) - row,
        width=max(box.column + box.width for box in boxes) - column,
    )


def relation(first: Thing, second: Thing) -> str | None:
    """Where the first thing stands as seen from the second, one of ``RELATIONS``.

    Beside means on common rows, above and below on common columns; None where neither holds.
    """
    a, b = hull(boxes_of(first)), hull(boxes_of(second))
    if a.row < b.row + b.height and b.row < a.row + a.height:
        return "left" if a.column < b.column else "right"
    if a.column < b.column + b.width and b.column < a.column + a.width:
        return "above" if a.row < b.row else "below"
    return None


def between(thing: Thing, scene: Scene) -> tuple[Thing, Thing] | None:
    """Two things on both sides of a third, in reading order; None where there are none."""
    things: list[Thing] = [*scene.shapes, *scene.texts]
    others = [one for one in things if one is not thing]
    seen = [(relation(other, thing), other) for other in others]
    for before, after in (("left", "right"), ("above", "below")):
        firsts = [other for where, other in seen if where == before]
        lasts = [other for where, other in seen if where == after]
        if firsts and lasts:
            return firsts[0], lasts[0]
    return None
