"""How much of Markdown a text may use."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Style:
    """What is markup: `code` backticks, `emphasis` stars and the like, `brackets` links, `addresses` bare ones.

    Without `mathml` a formula is text.
    """

    code: bool = True
    emphasis: bool = True
    brackets: bool = True
    addresses: bool = True
    mathml: bool = True


READING = Style()
ABSTRACT = Style(brackets=False)
TITLE = Style(code=False, emphasis=False, brackets=False, addresses=False)
PLAIN = replace(TITLE, mathml=False)
