"""Specs of Sloth, Pyrra, OpenSLO and slo-generator to ours: pure text to text, with a warning for all that is lost."""

from winburn.convert.convert import FORMATS, Conversion, Input, Options, convert

__all__ = ["FORMATS", "Conversion", "Input", "Options", "convert"]
