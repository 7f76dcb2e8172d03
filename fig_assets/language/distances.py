"""How far apart two texts or two places are, as DuckDB trees."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from fig_assets.language.duck import call, cast, let_all, number, operand, text, when

Build = Callable[[Sequence[exp.Expr]], exp.Expr]
"""Arguments, converted to what the signature asks for -> the call's tree."""

MAX_PRODUCT = 1_000_000
"""How large the product of the lengths of two compared texts may be, which is the time it takes."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG), in kilometres."""


def haversine(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Return the great-circle distance between two (latitude, longitude), in kilometres.

    NULL where a place is off the globe.
    """
    return let_all(list(arguments), _great_circle)


def _great_circle(places: list[exp.Expr]) -> exp.Expr:
    lat1, lon1, lat2, lon2 = (operand(place) for place in places)

    def half_sine_squared(high: exp.Expr, low: exp.Expr) -> exp.Expr:
        turn = call("RADIANS", exp.Sub(this=high.copy(), expression=low.copy()))
        sine = call("SIN", exp.Div(this=turn, expression=number(2.0)))
        return call("POWER", sine, number(2.0))

    cosines = exp.Mul(
        this=call("COS", call("RADIANS", lat1.copy())),
        expression=call("COS", call("RADIANS", lat2.copy())),
    )
    across = exp.Mul(this=cosines, expression=half_sine_squared(lon2, lon1))
    chord = exp.Add(this=half_sine_squared(lat2, lat1), expression=across)
    # Rounding can lift the chord of two antipodes a little above 1, where ASIN has no value.
    angle = call("ASIN", call("LEAST", number(1.0), call("SQRT", chord)))
    distance = exp.Mul(this=number(2 * EARTH_RADIUS_KM), expression=angle)
    limits = zip((lat1, lon1, lat2, lon2), (90.0, 180.0, 90.0, 180.0), strict=True)
    valid = [
        exp.Between(this=place.copy(), low=number(-limit), high=number(limit))
        for place, limit in limits
    ]
    return when(exp.and_(*valid, copy=False), distance)


def by_character(name: str) -> Build:
    """Call a function that compares bytes so that it compares characters.

    Both texts are written in an alphabet of one byte a character. One of 127 letters is made for
    each pair; where that is not enough, the result is NULL.
    """

    def body(texts: list[exp.Expr]) -> exp.Expr:
        left, right = texts
        letters = call(
            "STRING_SPLIT", exp.DPipe(this=operand(left), expression=operand(right)), text("")
        )
        used = call("ARRAY_TO_STRING", call("LIST_SORT", call("LIST_DISTINCT", letters)), text(""))
        written = [call("TRANSLATE", one.copy(), used.copy(), _letters()) for one in texts]
        plain = exp.and_(
            *(
                exp.EQ(this=call("STRLEN", one.copy()), expression=call("LENGTH", one.copy()))
                for one in texts
            ),
            copy=False,
        )
        product = exp.Mul(this=call("LENGTH", left.copy()), expression=call("LENGTH", right.copy()))
        short = exp.LTE(this=product, expression=number(MAX_PRODUCT))
        few = exp.LT(this=call("LENGTH", used.copy()), expression=number(128))
        return exp.Case(
            ifs=[
                exp.If(
                    this=exp.and_(short, plain, copy=False),
                    true=call(name, left.copy(), right.copy()),
                ),
                exp.If(this=exp.and_(short.copy(), few, copy=False), true=call(name, *written)),
            ]
        )

    return lambda arguments: let_all(list(arguments), body)


def _letters() -> exp.Expr:
    """Return the characters of one byte but NUL, as one text of 127."""
    letter = call("CHR", cast(exp.column("code__"), "INTEGER"))
    made = exp.Lambda(this=letter, expressions=[exp.to_identifier("code__")])
    codes = call("RANGE", number(1), number(128))
    return call("ARRAY_TO_STRING", call("LIST_TRANSFORM", codes, made), text(""))
