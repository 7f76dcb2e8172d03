import re
from base64 import b64decode
from xml.etree import ElementTree as Xml

from fig_assets.pictures.bars import bars
from fig_assets.pictures.shown import image, page, table
from tests.pictures.drawn import HOSTILE

DATA = re.compile(r"!\[([^\]]*)\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)")


def test_an_image_in_markdown_is_a_document_of_its_own() -> None:
    found = DATA.fullmatch(image(bars([HOSTILE], [[1]]), "shares, by class"))

    assert found is not None
    assert found[1] == "shares, by class"
    assert Xml.fromstring(b64decode(found[2])).tag == "{http://www.w3.org/2000/svg}svg"


def test_words_beside_an_image_cannot_end_it() -> None:
    assert DATA.fullmatch(image("<svg />", f"]( {HOSTILE} ![")) is not None


def test_a_page_runs_and_loads_nothing() -> None:
    made = page(HOSTILE.replace("\x00", ""), [*table([HOSTILE], [[HOSTILE]]), "<p>done</p>"])

    assert "default-src 'none'" in made
    assert "<script" not in made
    assert made.count("&lt;script&gt;") == 3
    assert "<p>done</p>" in made
