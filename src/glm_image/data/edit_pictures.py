"""Changes of a whole picture: background, colours, something new, something of another one."""

from dataclasses import replace

from glm_image.data import designs, palette
from glm_image.data.describing import thing_clause
from glm_image.data.desk import Change, Desk, exchange, seen_on
from glm_image.data.placing import add_shapes, add_text, is_free, is_free_for_text
from glm_image.data.relations import Thing, boxes_of
from glm_image.data.scene import Background, Scene, ShapeGroup, TextLine

_PLAIN = 0.5
_LARGE, _SERIF, _OUTLINED = 0.3, 0.35, 0.3
_TRIES = 6


def change_background(desk: Desk, scene: Scene) -> Change | None:
    """Put everything, or what a panel holds, on another background."""
    behind = designs.background(desk.rng, plain=_PLAIN)
    if scene.panels:
        return _change_panel(desk, scene, behind)
    if behind == scene.background or not _all_seen(scene, behind):
        return None
    words = desk.fill(desk.book.background, **desk.pen.background(behind))
    return Change(after=replace(scene, background=behind), words=words)


def _change_panel(desk: Desk, scene: Scene, behind: Background) -> Change | None:
    index = desk.rng.randrange(len(scene.panels))
    panel = scene.panels[index]
    inside = [
        thing
        for thing in _things(scene)
        if panel.box.contains(boxes_of(thing)[0].row, boxes_of(thing)[0].column)
    ]
    taken = [one.background.colour for one in scene.panels]
    if behind.colour in taken or not all(seen_on(behind, thing) for thing in inside):
        return None
    panels = list(scene.panels)
    panels[index] = replace(panel, background=behind)
    names = desk.pen.book.designs.panel_names[f"{panel.place.row} {panel.place.column}"]
    words = desk.fill(desk.book.panel, panel=desk.fill(names), **desk.pen.background(behind))
    after = replace(scene, panels=tuple(panels), background=panels[0].background)
    return Change(after=after, words=words)


def pastel(desk: Desk, scene: Scene) -> Change | None:
    """Make a plain background paler."""
    colour = scene.background.colour
    if scene.panels or scene.background.kind != "plain" or colour not in palette.PASTELS:
        return None
    behind = Background(kind="pastel", colour=colour)
    if not _all_seen(scene, behind):
        return None
    after = replace(scene, background=behind)
    return Change(after=after, words=desk.fill(desk.book.pastel))


def swap(desk: Desk, scene: Scene) -> Change | None:
    """Exchange the colours of the background and of a thing."""
    if scene.panels or scene.background.kind == "pastel":
        return None
    thing = desk.rng.choice(_things(scene))
    behind = replace(scene.background, colour=thing.colour)
    changed = replace(thing, colour=scene.background.colour)
    after = replace(exchange(scene, thing, changed), background=behind)
    name = desk.name(thing, scene)
    if name is None or not _all_seen(after, behind):
        return None
    return Change(after=after, words=desk.fill(desk.book.swap, thing=name))


def add(desk: Desk, scene: Scene) -> Change | None:
    """Add a text or a group of shapes to a poster."""
    if scene.design not in ("poster", "title") or len(_things(scene)) > 3:
        return None
    rng = desk.rng
    if scene.design == "poster" and len(scene.texts) < 2 and rng.random() < 0.5:
        text = desk.write(rng, 8)
        large, serif = rng.random() < _LARGE, rng.random() < _SERIF
        if text in [line.text for line in scene.texts]:
            return None
        after = add_text(rng, scene, text, large=large, serif=serif)
    else:
        count = rng.choice((1, 1, 1, 2, 3))
        after = add_shapes(rng, scene, count=count, outlined=rng.random() < _OUTLINED)
    if after is scene:
        return None
    new = (after.shapes if len(after.shapes) > len(scene.shapes) else after.texts)[-1]
    return Change(after=after, words=_wording_of_new(desk, scene, new))


def _wording_of_new(desk: Desk, scene: Scene, new: Thing) -> str:
    """A new thing at its place, or beside a thing that is there already."""
    pen = desk.pen
    place = pen.beside(new, _things(scene), scene) if pen.often(0.3) else None
    place = place or pen.place(new)
    if isinstance(new, TextLine) or pen.often(0.3):
        writer = pen.rng.choice(pen.book.writers)
        return thing_clause(pen, new, place, writer)
    noun = pen.thing(new)["thing"]
    thing = f"{noun} {place}" if pen.book.shapes["star"][0].isascii() else f"{place}的{noun}"
    return desk.fill(desk.book.add, thing=thing)


def combine(desk: Desk, scene: Scene, other: Scene) -> Change | None:
    """Put a thing of another picture, or its background, into the first."""
    if scene.design != "poster":
        return None
    for _ in range(_TRIES):
        if desk.rng.random() < 0.2:
            change = _combine_background(desk, scene, other)
        else:
            change = _combine_thing(desk, scene, other)
        if change is not None:
            return change
    return None


def _combine_background(desk: Desk, scene: Scene, other: Scene) -> Change | None:
    behind = other.background
    if other.panels or behind == scene.background or not _all_seen(scene, behind):
        return None
    after = replace(scene, background=behind)
    return Change(after=after, words=desk.fill(desk.book.combine_background))


def _combine_thing(desk: Desk, scene: Scene, other: Scene) -> Change | None:
    """A thing keeps its place, which must be free in the first picture."""
    thing = desk.rng.choice(_things(other))
    if not seen_on(scene.background, thing):
        return None
    if isinstance(thing, ShapeGroup):
        taken = thing.kind in [group.kind for group in scene.shapes]
        name = desk.name(thing, other)
        if taken or name is None or not is_free(scene, thing.boxes):
            return None
        after = replace(scene, shapes=(*scene.shapes, thing))
        return Change(after=after, words=desk.fill(desk.book.combine, thing=name))
    if not is_free_for_text(scene, thing.box) or thing.text in [t.text for t in scene.texts]:
        return None
    after = replace(scene, texts=(*scene.texts, thing))
    if len(other.texts) == 1 and desk.pen.often(0.7):
        return Change(after=after, words=desk.fill(desk.book.combine_text))
    quoted = desk.fill(desk.book.texts, text=desk.pen.quotes.add(thing.text))
    return Change(after=after, words=desk.fill(desk.book.combine, thing=quoted))


def _things(scene: Scene) -> list[Thing]:
    return [*scene.shapes, *scene.texts]


def _all_seen(scene: Scene, behind: Background) -> bool:
    arrows = all(palette.visible(behind.kind, behind.colour, one.colour) for one in scene.arrows)
    return arrows and all(seen_on(behind, thing) for thing in _things(scene))
