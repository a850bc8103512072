"""Changes of things that are there: colour, place, size, style, removal."""

from dataclasses import replace

from glm_image.data import palette
from glm_image.data.characters import has_han
from glm_image.data.desk import Change, Desk, behind_thing, exchange, seen_on
from glm_image.data.placing import fit_text, is_free, is_free_for_text, shape_boxes
from glm_image.data.relations import Thing
from glm_image.data.scene import PLACES, SHAPE_SIZES, Place, Scene, ShapeGroup, TextLine

_FREE_DESIGNS = ("poster", "title")
"""Designs whose things do not hang together."""


def recolour(desk: Desk, scene: Scene) -> Change | None:
    """Give a group of shapes or a text another colour."""
    thing = desk.rng.choice(_things(scene))
    behind = behind_thing(scene, thing)
    colours = [
        name
        for name in palette.NAMES
        if name != thing.colour and seen_on(behind, replace(thing, colour=name))
    ]
    name = desk.name(thing, scene)
    if name is None or not colours:
        return None
    colour = desk.rng.choice(colours)
    words = desk.fill(desk.book.recolour, thing=name, colour=desk.pen.colour(colour))
    return Change(after=exchange(scene, thing, replace(thing, colour=colour)), words=words)


def move(desk: Desk, scene: Scene) -> Change | None:
    """Put a single shape or a text at another, free place."""
    things = _free_things(scene)
    if not things:
        return None
    thing = desk.rng.choice(things)
    others = exchange(scene, thing, None)
    spots = [spot for place in PLACES if (spot := _at(others, thing, place)) is not None]
    spots = [spot for spot in spots if spot.place != thing.place]
    name = desk.name(thing, scene)
    if name is None or not spots:
        return None
    moved = desk.rng.choice(spots)
    words = desk.fill(desk.book.move, thing=name, place=desk.pen.place(moved))
    return Change(after=exchange(scene, thing, moved), words=words)


def resize(desk: Desk, scene: Scene) -> Change | None:
    """Make a single shape or a text in letters larger or smaller at its place."""
    things = _free_things(scene)
    if not things:
        return None
    thing = desk.rng.choice(things)
    others = exchange(scene, thing, None)
    if isinstance(thing, ShapeGroup):
        sizes: list[Thing] = [replace(thing, size=s) for s in SHAPE_SIZES if s != thing.size]
        before = thing.size
    else:
        sizes = [] if has_han(thing.text) else [replace(thing, scale=3 - thing.scale)]
        before = thing.scale
    fitting = [spot for one in sizes if (spot := _at(others, one, one.place)) is not None]
    name = desk.name(thing, scene)
    if name is None or not fitting:
        return None
    resized = desk.rng.choice(fitting)
    after = resized.size if isinstance(resized, ShapeGroup) else resized.scale
    templates = desk.book.enlarge if after > before else desk.book.shrink
    return Change(after=exchange(scene, thing, resized), words=desk.fill(templates, thing=name))


def restyle(desk: Desk, scene: Scene) -> Change | None:
    """Draw filled shapes as outlines, or fill outlined ones."""
    groups = [group for group in scene.shapes if group.kind != "ring"]
    if not groups:
        return None
    group = desk.rng.choice(groups)
    name = desk.name(group, scene)
    if name is None:
        return None
    filled = group.style == "filled"
    changed = replace(group, style="outlined" if filled else "filled")
    words = desk.fill(desk.book.outline if filled else desk.book.solid, thing=name)
    return Change(after=exchange(scene, group, changed), words=words)


def remove(desk: Desk, scene: Scene) -> Change | None:
    """Take away a group of shapes or a text."""
    things = _things(scene) if scene.design == "poster" else list(scene.shapes)
    if scene.design not in _FREE_DESIGNS or len(_things(scene)) < 2 or not things:
        return None
    thing = desk.rng.choice(things)
    name = desk.name(thing, scene)
    if name is None:
        return None
    words = desk.fill(desk.book.remove, thing=name)
    return Change(after=exchange(scene, thing, None), words=words)


def _things(scene: Scene) -> list[Thing]:
    return [*scene.shapes, *scene.texts]


def _free_things(scene: Scene) -> list[Thing]:
    """Single shapes and texts that may go elsewhere."""
    if scene.design not in _FREE_DESIGNS:
        return []
    shapes: list[Thing] = [group for group in scene.shapes if len(group.boxes) == 1]
    return shapes + list(scene.texts) if scene.design == "poster" else shapes


def _at(others: Scene, thing: Thing, place: Place) -> Thing | None:
    """A thing at a place of a scene without it; None where it does not fit."""
    if isinstance(thing, TextLine):
        fit = fit_text(others, thing.text, thing.scale, place)
        if fit is None or not is_free_for_text(others, fit[0]):
            return None
        return replace(thing, place=place, box=fit[0], lines=fit[1])
    boxes = shape_boxes(others, thing.size, place, 1)
    if boxes is None or not is_free(others, boxes):
        return None
    return replace(thing, place=place, boxes=boxes)
