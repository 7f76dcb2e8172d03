"""Counting different values by 2048 small numbers that merge by their maximum: HyperLogLog.

A value's hash chooses a register and holds a rank: the place of its lowest bit that is set. A
register keeps its highest rank. The standard error of the count is 1.04 / sqrt(2048) = 2.3 %.

Source: Flajolet, Fusy, Gandouet, Meunier (2007), "HyperLogLog: the analysis of a near-optimal
cardinality estimation algorithm"; small counts by linear counting, as there.
"""

from sqlglot import exp

from fig_assets.language.duck import call, cast, hashed, number, operand

REGISTERS = 2048
LARGEST_RANK = 40
"""Ranks are cut here: sums of their powers of two are then exact, in any order of addition."""

SCALE = 0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS * REGISTERS
"""The count is this by the sum of the registers' powers of two, but for small counts."""

LARGEST_LINEAR = 2.5 * REGISTERS
"""Up to it the registers that are still empty tell the count more precisely."""


def register(value: exp.Expr) -> exp.Expr:
    """Return the register of the text `value`, from 0; NULL for NULL."""
    return exp.Mod(this=operand(hashed(value)), expression=number(REGISTERS))


def rank(value: exp.Expr) -> exp.Expr:
    """Return the rank of the text `value`, from 1; NULL for NULL."""
    rest = exp.IntDiv(this=operand(hashed(value)), expression=number(REGISTERS))
    ending = exp.BitwiseOr(this=operand(rest), expression=number(2 ** (LARGEST_RANK - 1)))
    below = exp.Sub(this=operand(ending.copy()), expression=number(1))
    return cast(call("BIT_COUNT", call("XOR", ending, below)), "BIGINT")


def estimate(place: exp.Expr, highest: exp.Expr) -> exp.Expr:
    """Return the count as an aggregate over rows of a register and its highest rank."""
    used = exp.Count(this=place)
    empty = exp.Sub(this=number(REGISTERS), expression=used)
    powers = call("SUM", call("POWER", number(2.0), exp.Neg(this=operand(highest))))
    share = exp.Paren(this=exp.Add(this=empty, expression=powers))
    raw = exp.Div(this=number(SCALE), expression=share)
    full = exp.Div(this=number(float(REGISTERS)), expression=exp.Paren(this=empty.copy()))
    linear = exp.Mul(this=number(float(REGISTERS)), expression=call("LN", full))
    is_large = exp.GT(this=raw.copy(), expression=number(LARGEST_LINEAR))
    is_full = exp.EQ(this=used.copy(), expression=number(REGISTERS))
    chosen = exp.Case(
        ifs=[exp.If(this=exp.or_(is_large, is_full, copy=False), true=raw)], default=linear
    )
    return cast(call("ROUND", chosen), "BIGINT")
