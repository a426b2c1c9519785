"""Names of HTML's elements and attributes (and Office's); another may be what somebody wrote."""

from __future__ import annotations

from typing import Final

from dlp.parse.terms import terms

INLINE: Final = terms(
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small "
    "span strike strong sub sup time tt u var wbr content"
)
TAGS: Final = INLINE | terms(
    "address applet area article aside audio base basefont blockquote body button canvas "
    "caption center circle col colgroup data dd details dialog dir div dl dt embed fieldset "
    "figcaption figure footer footnote footnoteref form frame frameset g h1 h2 h3 h4 h5 h6 head "
    "header hr html iframe img input item legend li link linkhtml list main map marquee meta "
    "nav noframes noscript o:p object ol optgroup option p paragraph param path picture pre "
    "rect rendermultimedia rp rt ruby script section select slot source strike style summary "
    "svg table tbody td template text textarea tfoot th thead title tr track ul v:imagedata "
    "v:shape video w:wrap"
)
ATTRIBUTES: Final = terms(
    "abbr accept accept-charset action align alink allowfullscreen alt async autocomplete "
    "autofocus autoplay background bgcolor border bordercolor cellpadding cellspacing char "
    "charset checked cite class clear color cols colspan compact content contenteditable "
    "controls coords d data datetime default defer dir disabled download draggable enctype face "
    "fill for form frame frameborder headers height hidden href hreflang hspace http-equiv id "
    "integrity itemprop itemscope itemtype label lang language link list listtype loop "
    "marginheight marginwidth max maxlength media method min multiple muted name nohref "
    "noresize noshade novalidate nowrap open pattern placeholder poster preload profile "
    "property readonly referrerpolicy rel required rev role rows rowspan rules scheme scope "
    "scrolling selected shape size sizes span spellcheck src srcset start stroke style "
    "stylecode summary tabindex target text title translate type usemap valign value valuetype "
    "viewbox vlink vspace width wrap x xml:lang xml:space xmlns xmlns:m xmlns:o xmlns:v xmlns:w "
    "y"
)
