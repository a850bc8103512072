"""Changes of what a picture says."""

from dataclasses import replace

from glm_image.data.bilingual import TO_CHINESE, TO_ENGLISH
from glm_image.data.characters import has_han
from glm_image.data.desk import Change, Desk, exchange
from glm_image.data.placing import fit_text, is_free_for_text
from glm_image.data.scene import Scene, TextLine


def replace_text(desk: Desk, scene: Scene) -> Change | None:
    """Make a text say something else at the same place."""
    if not scene.texts:
        return None
    line = desk.rng.choice(scene.texts)
    new = _rewritten(scene, line, desk.write(desk.rng, 10))
    if new is None or new.text in [one.text for one in scene.texts]:
        return None
    quotes = desk.pen.quotes
    if len(scene.texts) == 1 and desk.pen.often(0.5):
        words = desk.fill(desk.book.retext_only, new=quotes.add(new.text))
    else:
        old = desk.role(line, scene) if desk.pen.often(0.5) else None
        old = old or quotes.add(line.text)
        words = desk.fill(desk.book.retext, old=old, new=quotes.add(new.text))
    return Change(after=exchange(scene, line, new), words=words)


def translate(desk: Desk, scene: Scene) -> Change | None:
    """Write a text in the other language."""
    known = [line for line in scene.texts if line.text in TO_CHINESE or line.text in TO_ENGLISH]
    if not known:
        return None
    line = desk.rng.choice(known)
    to_chinese = line.text in TO_CHINESE
    text = TO_CHINESE[line.text] if to_chinese else TO_ENGLISH[line.text]
    new = _rewritten(scene, line, text)
    name = desk.name(line, scene)
    if new is None or name is None:
        return None
    words = desk.fill(desk.book.translate, thing=name, language=desk.book.languages[to_chinese])
    return Change(after=exchange(scene, line, new), words=words)


def _rewritten(scene: Scene, line: TextLine, text: str) -> TextLine | None:
    """The same line with another text; None where it does not fit.

    On a poster the text may take more or less room at its place. Where things hang together it
    must fill the same squares.
    """
    if scene.design == "poster":
        others = exchange(scene, line, None)
        scales = (2,) if has_han(text) else (line.scale, 1)
        if has_han(line.text) and not has_han(text):
            scales = (2, 1)
        for scale in scales:
            fit = fit_text(others, text, scale, line.place)
            if fit is not None and is_free_for_text(others, fit[0]):
                return replace(line, text=text, scale=scale, box=fit[0], lines=fit[1])
        return None
    if has_han(text) > line.scale - 1 or len(text) != len(line.text) or len(line.lines) > 1:
        return None
    return replace(line, text=text, lines=(text,) if line.lines else ())
