"""XML, C-CDA and HTML: everything they say comes out, shown or hidden, with its bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.model import (
    Carrier,
    Category,
    NotReadableError,
    Obstacle,
    Passage,
    Subject,
    Uninspectable,
)
from dlp.parse import ccda, htmldoc, xmldoc
from dlp.parse.markup import Fragment, fragments
from dlp.unpack.entry import Entry
from tests.support.inspecting import Inspected

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<?style Jo?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc">
<!-- for Aiko -->
<recordTarget><patientRole>
<id root="2.16.840.1.113883.4.1" extension="536-22-8714"/><id root="1.2.3" extension="A-4471"/>
<addr use="HP"><streetAddressLine>12 Oak St</streetAddressLine><city>Dayton</city>
<postalCode>45402</postalCode></addr><telecom value="tel:+1(937)555-0142"/>
<patient><name><given>Maria</given><given>Q</given><family>De La Cruz &amp; Co</family></name>
<birthTime value="19560304"/>
<guardian><guardianPerson><name><given>Rosa</given><family>Cruz</family></name></guardianPerson>
</guardian></patient></patientRole></recordTarget>
<author><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="1245319599"/>
<assignedPerson><name><family>Whitfield</family></name></assignedPerson></assignedAuthor></author>
<component><structuredBody><component><section><title>Note</title>
<text><paragraph>Seen <content styleCode="Bold">Gre</content>ta &lt;today&gt;</paragraph>
<list><item>one</item><item>two</item></list></text>
<entry><observation><code code="F10.20" codeSystem="2.16.840.1.113883.6.90"
 displayName="Alcohol"/><effectiveTime value="20260102"/>
<value><originalText>drinks</originalText></value></observation></entry></section></component>
</structuredBody></component></ClinicalDocument>"""


def read(parse: Callable[[Content, Meter], Iterator[Item]], data: bytes) -> list[Item]:
    return list(parse(Content(io.BytesIO(data), "", "x"), Meter(Budget())))


def passages(parse: Callable[[Content, Meter], Iterator[Item]], data: bytes) -> list[Passage]:
    return [item for item in read(parse, data) if isinstance(item, Passage)]


def of(text: str) -> Passage:
    [found] = [p for p in passages(ccda.parse, DOCUMENT) if p.text == text]
    return found


def raw(passage: Passage, data: bytes) -> bytes:
    assert passage.offset is not None
    return data[passage.offset : passage.offset + (passage.length or 0)]


@pytest.mark.parametrize(
    ("text", "category", "part", "subject"),
    [
        ("536-22-8714", Category.SSN, "", Subject.PERSON),
        ("A-4471", Category.MEDICAL_RECORD_NUMBER, "", Subject.PERSON),
        ("12 Oak St", Category.ADDRESS, "street", Subject.PERSON),
        ("45402", Category.ADDRESS, "zip", Subject.PERSON),
        ("tel:+1(937)555-0142", Category.PHONE, "", Subject.PERSON),
        ("Maria", Category.NAME, "first", Subject.PERSON),
        ("Q", Category.NAME, "middle", Subject.PERSON),
        ("De La Cruz & Co", Category.NAME, "last", Subject.PERSON),
        ("19560304", Category.BIRTH_DATE, "", Subject.PERSON),
        ("Rosa", Category.NAME, "first", Subject.PERSON),
        ("Whitfield", Category.NAME, "last", Subject.PROVIDER),
    ],
)
def test_the_header_says_whom_it_is_about(
    text: str, category: Category, part: str, subject: Subject
) -> None:
    found = of(text)
    assert (found.category, found.part, found.subject) == (category, part, subject)
    assert found.carrier is Carrier.IDENTIFIER_FIELD


def test_coded_entries_have_their_system_and_their_words_are_read() -> None:
    code = of("F10.20")
    assert (code.carrier, code.category, code.part) == (
        Carrier.CODED, Category.DIAGNOSIS, "icd10cm",
    )  # fmt: skip
    for text in ("Alcohol", "drinks", " for Aiko ", "style Jo"):
        assert of(text).carrier is Carrier.FREE_TEXT


def test_the_narrative_is_read_as_it_is_shown() -> None:
    line = of("Seen Greta <today>")
    assert line.spans
    offset, length = line.spans(5, 10)
    assert DOCUMENT[offset : offset + length] == b"Gre</content>ta"
    offset, length = line.spans(11, 18)
    assert DOCUMENT[offset : offset + length] == b"&lt;today&gt;"
    assert of("one").text != of("two").text


def test_a_providers_npi_is_nobodys_secret() -> None:
    assert "1245319599" not in {p.text for p in passages(ccda.parse, DOCUMENT)}


def test_every_value_says_where_its_bytes_are() -> None:
    for passage in passages(ccda.parse, DOCUMENT):
        if passage.offset is not None and passage.spans is None:
            assert raw(passage, DOCUMENT).decode() == passage.text


def test_a_document_in_base64_is_an_attachment() -> None:
    inner = base64.b64encode(b"%PDF-1.4").decode()
    data = (
        "<ClinicalDocument><component><nonXMLBody><text mediaType='application/pdf' "
        f"representation='B64'>{inner}</text></nonXMLBody></component></ClinicalDocument>"
    ).encode()
    [entry] = [item for item in read(ccda.parse, data) if isinstance(item, Entry)]
    assert entry.source
    assert entry.source.read() == b"%PDF-1.4"


def test_any_xml_gives_text_attributes_comments_and_odd_names() -> None:
    data = b'<a b="Jo Park"><!-- Meiko --><![CDATA[<Anne>]]><x5362287141/><?p Kim Lee?></a>'
    texts = {p.text for p in passages(xmldoc.parse, data)}
    assert texts == {"Jo Park", " Meiko ", "<Anne>", "x5362287141", "p Kim Lee"}


@pytest.mark.parametrize(
    "body",
    [
        "<patient><firstName>Ilse</firstName><lastName>Doe</lastName><ssn>412687193</ssn></patient>",
        "<member first='Ilse' last='Doe' ssn='412687193'/>",
        "<Subscriber><Surname>Doe</Surname><Given>Ilse</Given><SSN>412-68-7193</SSN></Subscriber>",
    ],
)
def test_any_xmls_elements_and_attributes_tell_what_they_hold(body: str) -> None:
    found = {
        (p.category, p.text)
        for p in passages(xmldoc.parse, f"<r>{body}</r>".encode())
        if p.category
    }
    names = {(Category.NAME, "Ilse"), (Category.NAME, "Doe")}
    assert {(c, t) for c, t in found if c is Category.NAME} == names
    assert [t.replace("-", "") for c, t in found if c is Category.SSN] == ["412687193"]


def test_a_providers_name_in_any_xml_is_not_told_by_its_element() -> None:
    data = b"<r><provider><firstName>Ilse</firstName><lastName>Doe</lastName></provider></r>"
    told = [p for p in passages(xmldoc.parse, data) if p.category]
    assert {p.subject for p in told} == {Subject.PROVIDER}


BOMB = b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'


@pytest.mark.parametrize("data", [
    BOMB,
    b'<!DOCTYPE a SYSTEM "http://x.example/a.dtd"><a/>',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b"<a><b></a>", b"<a>", b"", b"<a>&undefined;</a>", b"<a/>x",
    b'<?xml version="1.0" encoding="nonsense"?><a/>',
])  # fmt: skip
def test_what_is_dangerous_or_damaged_is_named(data: bytes) -> None:
    with pytest.raises(NotReadableError) as caught:
        read(xmldoc.parse, data)
    assert caught.value.obstacle is Obstacle.MALFORMED
    assert "passwd" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b'<id root="2.16.840.1.113883.4.6" extension="JOHNSMITH 536"/>',
        b'<ClinicalDocument><code code="536-22-8714"/></ClinicalDocument>',
        b'<ClinicalDocument><code code="JOHNSMITH"/></ClinicalDocument>',
        b'<ClinicalDocument><id root="536-22-8714"/></ClinicalDocument>',
        b'<ClinicalDocument><text mediaType="JOHNSMITH">x</text></ClinicalDocument>',
        b'<ClinicalDocument><x5362287141/></ClinicalDocument>',
    ],
)  # fmt: skip
def test_a_typed_attribute_hides_nothing(data: bytes) -> None:
    said = " ".join(p.text for p in passages(ccda.parse, data))
    assert any(value in said for value in ("JOHNSMITH", "536-22-8714", "x5362287141"))


@pytest.mark.parametrize("data", [b'<a b="' + b"x" * 2**23, b"<a><!--" + b"x" * 2**23])
def test_a_tag_or_comment_without_end_is_named_in_time(data: bytes) -> None:
    with pytest.raises(NotReadableError) as caught:
        read(xmldoc.parse, data)
    assert caught.value.obstacle is Obstacle.TOO_LARGE


def test_a_page_in_an_encoding_of_no_web_is_read() -> None:
    data = b"<meta charset=undefined><p>Zo\xeb Park</p>"
    assert "Zo\u00eb Park" in [p.text for p in passages(htmldoc.parse, data)]


def test_deep_nesting_is_named() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(xmldoc.parse, b"<a>" * 5000)
    assert caught.value.obstacle is Obstacle.TOO_DEEP


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_are_read(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><a>Zo\u00eb Park</a>'.encode(encoding)
    assert [p.text for p in passages(xmldoc.parse, data)] == ["Zo\u00eb Park"]


PAGE = """<!DOCTYPE html><html><head><title>Bill</title><meta name="x" content="for Jo Park">
<style>.a{content:"Ann Lee"}</style></head><body onload="go()"><p>Dear <b>Gre</b>ta &amp; co,</p>
<div style="display:none">hidden Mei</div><img alt="photo of Kim" src="data:text/plain;base64,SGk=">
<!-- draft by Aiko --><script>var n = "Rosa Cruz"</script><a href="javascript:x()">pay</a>
</body></html>"""


def test_a_page_gives_what_it_shows_and_what_it_hides() -> None:
    texts = " | ".join(p.text for p in passages(htmldoc.parse, PAGE.encode()))
    for wanted in ("Dear Greta & co,", "for Jo Park", "Ann Lee", "hidden Mei", "photo of Kim",
                   "draft by Aiko", "Rosa Cruz", "Bill"):  # fmt: skip
        assert wanted in texts


def test_a_pages_active_content_and_embedded_data_are_named() -> None:
    items = read(htmldoc.parse, PAGE.encode())
    [active] = [i for i in items if isinstance(i, Uninspectable)]
    assert active.obstacle is Obstacle.ACTIVE_CONTENT
    for word in ("onload handler", "<script>", "script in a"):
        assert word in active.detail
    [entry] = [i for i in items if isinstance(i, Entry)]
    assert entry.source
    assert entry.source.read() == b"Hi"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_pages_text_has_its_bytes(encoding: str) -> None:
    data = "<p>Zo\u00eb <i>P</i>ark &amp; co</p>".encode(encoding)
    [line] = passages(htmldoc.parse, data)
    assert line.text == "Zo\u00eb Park & co"
    assert line.spans
    offset, length = line.spans(4, 8)
    inner = "utf-16-le" if encoding == "utf-16" else encoding
    assert data[offset : offset + length].decode(inner) == "P</i>ark"


@pytest.mark.parametrize("data", [PAGE.encode(), DOCUMENT, b"<a>ssn</a>"])
def test_an_ssn_in_any_markup_is_held(inspected: Inspected, data: bytes) -> None:
    planted = data.replace(b"pay", b"SSN 536-22-8714").replace(b"ssn", b"SSN 536-22-8714")
    report, verdict = inspected(planted)
    assert Category.SSN in {f.category for f in report.findings}
    assert verdict.action == "hold"


_MARKS = st.lists(
    st.sampled_from(["<", ">", "</", "<b>", "</b>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;",
                     "&#65;", "&", '"', "'", "=", "a", " x='1'", "<script>", "</script>", "\u00e9",
                     "<p", "<?x?>", "\n"]), max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=300)
@given(_MARKS)
def test_fragments_say_where_each_character_came_from(source: str) -> None:
    for found in fragments(source):
        if isinstance(found, Fragment):
            assert len(found.places) == len(found.text) + 1
            assert list(found.places) == sorted(found.places)
            assert found.places[-1] <= len(source)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=200), _MARKS.map(str.encode)), st.booleans())
def test_any_bytes_are_read_or_named(data: bytes, framed: bool) -> None:
    for parse in (xmldoc.parse, ccda.parse, htmldoc.parse):
        try:
            for passage in passages(parse, b"<a>" + data + b"</a>" if framed else data):
                if passage.spans:
                    passage.spans(0, len(passage.text))
        except NotReadableError:
            continue


def test_a_page_of_broken_tags_takes_linear_time() -> None:
    for piece in (b"<", b"<a ", b"<!--", b"&#", b"<a b='", b"<![CDATA["):
        read(htmldoc.parse, piece * 100_000)


@pytest.mark.parametrize(
    "html",
    [
        "<p Greta Haverford>x</p>", "<p title='a' Greta Haverford>x</p>", "<Greta-Haverford/>",
        "<p data-Greta='1' Haverford>x</p>", "</p Greta Haverford>", "<p>x<b Greta Haverford",
    ],
)  # fmt: skip
def test_names_of_tags_and_attributes_hide_nothing(html: str) -> None:
    said = " ".join(found.text for found in fragments(html) if isinstance(found, Fragment))
    assert "Greta" in said
    assert "Haverford" in said


def test_a_plain_page_has_no_odd_names() -> None:
    page = '<table border=1 nowrap><tr><td class="a" hidden>x</td></tr></table><input disabled>'
    kinds = {found.kind for found in fragments(page) if isinstance(found, Fragment)}
    assert not any(kind.startswith("odd") for kind in kinds)


_STRICT = '"-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"'


@pytest.mark.parametrize(
    "page",
    [
        (
            f"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC {_STRICT}>\n"
            "<html xmlns='http://www.w3.org/1999/xhtml'><p>Counts went up</p></html>"
        ),
        "<!-- saved from url=(0014)about:internet -->\n<!DOCTYPE html><p>Counts went up</p>",
        (
            "<html xmlns:m='http://schemas.microsoft.com/office/2004/12/omml'"
            " xmlns='http://www.w3.org/TR/REC-html40'><style><!--\n@font-face\n\t{font-family:"
            '"Cambria Math";}\np {font-family:"Calibri",sans-serif;}\n--></style><p>Up</p></html>'
        ),
        (
            '<html><link href="https://cdn.example/npm/bootstrap@5.3.3/dist/bootstrap.min.css">'
            "<p>Counts went up</p></html>"
        ),
    ],
)
def test_an_ordinary_page_is_released(inspected: Inspected, page: str) -> None:
    report, verdict = inspected(page.encode())
    assert report.format == "html"
    assert verdict.action == "release", [f.where for f in report.findings]


@pytest.mark.parametrize(
    "page",
    [
        '<html><style>p{font-family:"SSN 236-45-6789"}</style></html>',
        '<html xmlns:a="http://www.w3.org/236-45-6789"></html>',
        '<html><a href="/find?q=MRN:+7741983&amp;p=1">x</a></html>',
        '<html><link href="https://cdn.example/236456789/ssn.css"></html>',
        "<!DOCTYPE html SYSTEM 'Rosalind Achterberg'><html></html>",
    ],
)
def test_what_else_stands_in_a_pages_technical_places_is_read(
    inspected: Inspected, page: str
) -> None:
    assert inspected(page.encode())[1].action == "hold"
