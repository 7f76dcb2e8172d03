"""A place in the tokens of one expression, which moves from left to right."""

from fig_assets.language.tokens import Token, tokens_of
from fig_assets.language.tree import ExpressionError


class Cursor:
    """Reads the tokens of one expression from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens_of(text)
        self.place = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.place]

    @property
    def before(self) -> Token:
        """The token that was taken last."""
        return self.tokens[self.place - 1]

    def take(self) -> Token:
        """Take the next token."""
        token = self.token
        self.place += 1
        return token

    def has(self, *words: str) -> bool:
        """Take the next tokens if they are `words`."""
        ahead = self.tokens[self.place : self.place + len(words)]
        if [token.word for token in ahead] != list(words):
            return False
        self.place += len(words)
        return True

    def expect(self, word: str, after: str, fix: str = "") -> Token:
        """Take the next token, which must be `word`; `after` says in messages what it follows."""
        if self.token.word != word:
            raise self.unexpected(f"'{word}' is missing after {after}", fix)
        return self.take()

    def unexpected(self, message: str, fix: str = "") -> ExpressionError:
        """Return the error that says `message` about the next token."""
        token = self.token
        found = f"'{token.text}'" if token.kind != "end" else "the end"
        return ExpressionError(f"{message}, found {found}", token.start, token.end, fix)

    def here(self) -> tuple[int, int]:
        """Return the offsets of the next token."""
        return self.token.start, self.token.end
