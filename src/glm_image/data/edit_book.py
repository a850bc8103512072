"""How changes of a picture are asked for."""

from dataclasses import dataclass

from glm_image.data.grammar import Phrases


@dataclass(frozen=True, kw_only=True)
class EditBook:
    """Templates of one language.

    ``{thing}`` names what is there, ``{colour}``, ``{place}``, ``{background}`` and ``{fill}`` what
    it shall have, ``{old}`` and ``{new}`` are quoted texts.

    Attributes:
        recolour: Another colour.
        move: Another place.
        enlarge: Larger than it is.
        shrink: Smaller than it is.
        outline: Outlined instead of filled.
        solid: Filled instead of outlined.
        remove: Take something away.
        retext: Another text instead of an old one.
        retext_only: Another text instead of the only one.
        texts: Names of a text with ``{text}``.
        title: Names of a title.
        subtitle: Names of a subtitle.
        translate: Into the language ``{language}``.
        languages: Names of English and Chinese.
        background: Another background.
        panel: Another background of a ``{panel}``.
        pastel: A paler background of the same colour.
        swap: Exchange the colours of the background and of a thing.
        add: Something new.
        combine: A ``{thing}`` of the second picture into the first.
        combine_text: The text of the second picture into the first.
        combine_background: The background of the second picture for the first.
        before: What an instruction can begin with.
        after: What an instruction can end with.
        joiners: What stands between two changes.
    """

    recolour: Phrases
    move: Phrases
    enlarge: Phrases
    shrink: Phrases
    outline: Phrases
    solid: Phrases
    remove: Phrases
    retext: Phrases
    retext_only: Phrases
    texts: Phrases
    title: Phrases
    subtitle: Phrases
    translate: Phrases
    languages: tuple[str, str]
    background: Phrases
    panel: Phrases
    pastel: Phrases
    swap: Phrases
    add: Phrases
    combine: Phrases
    combine_text: Phrases
    combine_background: Phrases
    before: Phrases
    after: Phrases
    joiners: Phrases
