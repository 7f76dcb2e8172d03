"""Pictures read back: what stands in them, as any reader of XML sees it."""

from xml.etree import ElementTree as Xml

HOSTILE = "</title><script>alert('&')</script>\x00\x1b\ud800"


def read(svg: str) -> Xml.Element:
    """Parse a picture as strictly as a browser parses an image."""
    return Xml.fromstring(svg.encode("utf-8"))


def words(svg: str) -> list[str]:
    """Give what is written in a picture, without what shows up over a shape."""
    return [part.text or "" for part in read(svg).iter("text")]


def titles(svg: str) -> list[str]:
    """Give what shows up over the shapes."""
    return [part.text or "" for part in read(svg).iter("title")]


def points(svg: str) -> list[list[tuple[float, float]]]:
    """Give the places of each curve, in pixels from the upper left corner."""
    return [
        [(float(x), float(y)) for x, _, y in (p.partition(",") for p in found.split())]
        for found in (part.get("points", "") for part in read(svg).iter("polyline"))
    ]
