"""The styles that Word, Excel and PowerPoint bring along (ECMA-376-1, 17.7.4.9, 18.8.7)."""

from __future__ import annotations

import re
from typing import Final

_SHAPES: Final = (
    r"(?:toc|index|heading|notelevel)[1-9]?(?:heading)?|toaheading|noteheading|indexheading|"
    r"normal(?:\(web\)|indent|table)?|caption|tableof(?:figures|authorities)|title|subtitle|"
    r"envelope(?:address|return)|(?:footnote|endnote|annotation|comment)"
    r"(?:reference|text|subject)|linenumber|pagenumber|macro(?:text)?|header|footer|"
    r"list(?:bullet|number|continue|paragraph)?[2-5]?|nolist|outlinelist[1-3]|"
    r"bodytext(?:first)?(?:indent)?[23]?|closing|signature|salutation|date|blocktext|"
    r"defaultparagraphfont|messageheader|(?:followed|smart)?hyperlink|smartlink|strong|"
    r"documentmap|plaintext|emailsignature|balloontext|placeholdertext|nospacing|revision|"
    r"html(?:topofform|bottomofform|acronym|address|cite|code|definition|keyboard|"
    r"preformatted|sample|typewriter|variable)|z(?:top|bottom)ofform|"
    r"1/a/i|1/1\.1/1\.1\.1|article/section|bibliography|booktitle|(?:unresolved)?mention|"
    r"hashtag|(?:intense)?quote|(?:subtle|intense)?(?:emphasis|reference)|"
    r"table(?:simple|classic|colorful|columns|grid|list|3deffects|contemporary|elegant|"
    r"professional|subtle|web|normal|theme)[1-8]?(?:light)?|"
    r"(?:light|medium|dark|colorful|themed|plain|grid|list)(?:shading|list|grid|style|table)"
    r"[1-7]?(?:light|dark|colorful)?(?:accent[1-6])?|"
    r"nostyle,(?:no|table)grid|"
    # Excel's.
    r"accent[1-6]|[246]0%accent[1-6]|good|bad|neutral|calculation|checkcell|explanatorytext|"
    r"input|output|linkedcell|note|warningtext|total|percent|(?:comma|currency)(?:\[0\])?|"
    r"(?:row|col)level_[1-7]|(?:table|pivot|slicer|timeline)style(?:light|medium|dark|other)"
    r"[0-9]{1,2}"
)
_BUILT_IN: Final = re.compile(rf"(?:{_SHAPES})(?:(?:car|char)[0-9]{{0,2}}){{0,3}}")
_LONGEST: Final = 80
_BLANKS: Final = re.compile(r"[\s-]")


def is_built_in(name: str) -> bool:
    """Whether a style's name or id is the application's own, also with the "Char" of a link."""
    return len(name) <= _LONGEST and bool(_BUILT_IN.fullmatch(_BLANKS.sub("", name).lower()))
