"""The clauses of titles, panels and diagrams."""

from glm_image.data.relations import Thing
from glm_image.data.scene import Panel, Scene, ShapeGroup
from glm_image.data.wording import Parts, Pen, plural


def title_clause(pen: Pen, scene: Scene) -> str:
    """A title and its subtitle."""
    first, second = scene.texts[0], scene.texts[1]
    # The title's text comes before the subtitle's in some templates only; both are quoted once.
    title, subtitle = pen.text(first), pen.text(second)
    return pen.fill(
        pen.book.designs.titles,
        text=title["text"],
        letters=title["letters"],
        place=pen.place(first),
        sub=subtitle["text"],
        sub_letters=subtitle["letters"],
    )


def panel_clauses(pen: Pen, scene: Scene) -> list[str]:
    """How the picture is split, then every panel in random order."""
    book = pen.book.designs
    split = "quarters"
    if scene.design == "halves":
        split = "beside" if scene.panels[0].place.row == "middle" else "stacked"
    clauses = [pen.fill(book.split[split])] if pen.often(0.85) else []
    panels = list(scene.panels)
    if pen.often(0.3):
        pen.rng.shuffle(panels)
    return clauses + [_panel_clause(pen, scene, panel) for panel in panels]


def _panel_clause(pen: Pen, scene: Scene, panel: Panel) -> str:
    book = pen.book.designs
    things: list[Thing] = [*scene.shapes, *scene.texts]
    thing = next(thing for thing in things if thing.place == panel.place)
    if isinstance(thing, ShapeGroup):
        content = pen.fill(book.contents, **pen.thing(thing))
    else:
        content = pen.fill(book.text_contents, **pen.text(thing))
    names = book.panel_names[f"{panel.place.row} {panel.place.column}"]
    behind = pen.background(panel.background)
    return pen.fill(book.panels, panel=pen.fill(names), content=content, **behind)


def step_clauses(pen: Pen, scene: Scene) -> list[str]:
    """The diagram, then its labels, shapes and arrows."""
    book = pen.book.designs
    direction = pen.fill(book.directions[scene.arrows[0].direction])
    opening = pen.fill(book.steps, direction=direction, **pen.background(scene.background))
    one, two, three = (pen.text(line) for line in scene.texts)
    labels = pen.fill(
        book.labels,
        one=one["text"],
        two=two["text"],
        three=three["text"],
        letters=one["letters"],
    )
    rest = [labels]
    if scene.shapes:
        rest.append(_step_shapes(pen, scene))
    if not pen.often(pen.omissions.arrow_colour):
        rest.append(pen.fill(book.arrows, colour=pen.colour(scene.arrows[0].colour)))
    pen.rng.shuffle(rest)
    return [opening, *rest]


def _step_shapes(pen: Pen, scene: Scene) -> str:
    book, shapes = pen.book.designs, scene.shapes
    first = shapes[0]
    if any((one.kind, one.colour) != (first.kind, first.colour) for one in shapes):
        one, two, three = (pen.thing(group)["thing"] for group in shapes)
        return pen.fill(book.three_shapes, one=one, two=two, three=three)
    style = pen.rng.choice(pen.book.styles[first.style])
    colour, name = pen.colour(first.colour), pen.name(first)
    parts: Parts = {"style": style, "colour": colour, "name": name, "names": plural(name)}
    return pen.fill(book.one_shape, **parts)
