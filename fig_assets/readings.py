"""How trees read values from texts: the patterns of RE2, by which engines know what is read.

Trees are made of DuckDB's words; another engine has another way to read the same texts, and
recognises by its pattern what a tree reads.
"""

SOURCE = "source"
"""What is noted on the cast of a float to a text: the type that it comes from."""

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_DATE = f"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}"
_TIME = "[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?"
_OFFSET = "[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
UTC_TIMESTAMP = f"^{_DATE}(?:{_TIME}Z?)?$"
"""ISO 8601 without a numeric offset, as RE2 reads it."""
OFFSET_TIMESTAMP = f"^{_DATE}{_TIME}{_OFFSET}$"
"""ISO 8601 with a numeric offset, as RE2 reads it."""
WHOLE_NUMBER = "^[+-]?[0-9]+(?:\\.0*)?$"
DECIMAL_NUMBER = "^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
TRUTH_VALUE = "^(?i:true|false)$"
_BLANK = "[ \\t\\r\\n]*"
_ELEMENT = f"{_BLANK}-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?{_BLANK}"
NUMBERS = f"^{_BLANK}\\[{_ELEMENT}(?:,{_ELEMENT})*\\]{_BLANK}$"
"""A JSON array of one or more numbers, as RE2 reads it."""
_TOKEN = '"(?:[^"\\\\]|\\\\.)*"|[{\\[0-9-]|true|false'
STRICT_JSON = f"^\\s*(?:{_TOKEN})(?:,?\\s*(?:{_TOKEN}|null)|[\\]}}:.eE+\\s])*$"
"""What DuckDB's parser takes for JSON but standard JSON does not have is left out of these tokens:
NaN, Infinity, a comma before a closing bracket. The value null is left out too."""
