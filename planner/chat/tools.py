"""The abilities as tools that a language model calls; their docstrings are what it is told."""

from langchain_core.tools import BaseTool, StructuredTool

from mindseye.planner.chat.abilities import Abilities, Told

VERBATIM = frozenset({"words", "question"})
"""Parameters that take what the person said as it is: abilities make follow-ups whole."""
OWN = ("act", "undo", "look", "what_if", "plan", "physics", "why", "show", "lay")
"""Names of the tools."""
Result = tuple[str, Told]


def tools_of(abilities: Abilities) -> list[BaseTool]:
    """Return the tools of a conversation."""

    def act(words: str) -> Result:
        """Push things about on the table: a task, or a follow-up to the last one."""
        return _result(abilities.act(words))

    def undo() -> Result:
        """Put back what the last task moved."""
        return _result(abilities.undo())

    def look(question: str) -> Result:
        """Say what stands where on the table now."""
        return _result(abilities.look(question))

    def what_if(question: str) -> Result:
        """Picture what a push would do, without doing it."""
        return _result(abilities.what_if(question))

    def plan(words: str) -> Result:
        """Say what would be done first for a task, without doing it."""
        return _result(abilities.plan(words))

    def physics(question: str) -> Result:
        """Answer a physics question about other things than the table, by simulating it."""
        return _result(abilities.physics(question))

    def why() -> Result:
        """Say why the last thing was done so, and how sure that was."""
        return _result(abilities.why())

    def show(words: str) -> Result:
        """Show pictures or clips: of the table, or of what was simulated, imagined or done."""
        return _result(abilities.show(words))

    def lay(words: str) -> Result:
        """Clear the table and lay a new one."""
        return _result(abilities.lay(words))

    return [
        StructuredTool.from_function(f, response_format="content_and_artifact")
        for f in (act, undo, look, what_if, plan, physics, why, show, lay)
    ]


def _result(told: Told) -> Result:
    return told.text, told
