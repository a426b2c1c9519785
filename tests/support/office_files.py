"""Office packages made of given parts."""

from __future__ import annotations

import io
import zipfile

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_X = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def package(parts: dict[str, str | bytes]) -> bytes:
    """A package of these parts."""
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"[Content_Types].xml": types, **parts}.items():
            archive.writestr(name, data)
    return out.getvalue()


def word(body: str, **parts: str | bytes) -> bytes:
    """A document with this body; other parts by their name, ``__`` for ``/``."""
    xml = f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
    named = {name.replace("__", "/") + ".xml": data for name, data in parts.items()}
    return package({"word/document.xml": xml, **named})


def run(text: str) -> str:
    """A run of text."""
    return f"<w:r><w:t>{text}</w:t></w:r>"


def paragraph(*inside: str) -> str:
    """A paragraph of runs and other markup."""
    return f"<w:p>{''.join(inside)}</w:p>"


def workbook(rows: list[list[str]], strings: list[str] | None = None, extra: str = "") -> bytes:
    """A workbook of one sheet with inline strings; ``strings`` are shared and unused."""
    cells = "".join(
        f'<row r="{number}">'
        + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row)
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings or [])
    return package(
        {
            "xl/workbook.xml": f'<workbook xmlns="{_X}"/>',
            "xl/worksheets/sheet1.xml": (
                f'<worksheet xmlns="{_X}"><sheetData>{cells}</sheetData>{extra}</worksheet>'
            ),
            "xl/sharedStrings.xml": f'<sst xmlns="{_X}">{shared}</sst>',
        }
    )


def sheet(cells: str, styles: str = "", strings: str = "") -> bytes:
    """A workbook whose sheet data, styles and shared strings are given as XML."""
    return package(
        {
            "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>",
            "xl/styles.xml": f"<styleSheet>{styles}</styleSheet>",
            "xl/sharedStrings.xml": f"<sst>{strings}</sst>",
        }
    )
