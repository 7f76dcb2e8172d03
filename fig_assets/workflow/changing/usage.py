"""Who reads which version, the artifacts in force included: they score with what they learned."""

from collections.abc import Sequence
from difflib import get_close_matches

from fig_assets.config.load import Config
from fig_assets.errors import WorkflowError
from fig_assets.graph.mends import retired
from fig_assets.graph.usage import Used, names_of, usage
from fig_assets.sql.published import Published
from fig_assets.workflow.steps.raw import today
from fig_assets.workflow.workspace import Workspace


def usage_of(workspace: Workspace, name: str | None) -> tuple[Used, ...]:
    """List the attribute versions of the project, or of what is called `name`, with consumers.

    Raises:
        WorkflowError: nothing is called so.
        ModelError: an artifact or a decision is damaged.
    """
    found = usage(workspace.graph, workspace.config, champions_of(workspace))
    if name is None:
        return found
    chosen = [used for used in found if name in names_of(used.identity)]
    if not chosen:
        known = {known for used in found for known in names_of(used.identity)}
        near = get_close_matches(name, sorted(known), 1)
        fix = f"write {near[0]}" if near else "see: fig usage"
        raise WorkflowError(f"no attribute is called '{name}'\n  fix: {fix}")
    return tuple(chosen)


def champions_of(workspace: Workspace) -> dict[str, tuple[str, ...]]:
    """Return what each champion reads that its model, as it is written now, does not.

    A champion scores with the versions that it was trained on, whatever the configuration says.

    Returns:
        The identities of the inputs, under words such as `champion of scorer@1, trained for
        2026-11-01`; only champions that read something else than their model.

    Raises:
        ModelError: an artifact or a decision is damaged.
    """
    found = {}
    for model in workspace.graph.models.values():
        day = workspace.registry.champion(model.name, model.version, today())
        if day is None:
            continue
        card = workspace.registry.load(model.name, model.version, day).card
        named = {attribute.identity for attribute in model.inputs}
        others = tuple(i.attribute for i in card.inputs if i.attribute not in named)
        if others:
            found[f"champion of {model.identity}, trained for {day}"] = others
    return found


def refuse_retired(config: Config, owner: str, relation: Published, columns: Sequence[str]) -> None:
    """Say that an asked version is retired, and what to write instead.

    Raises:
        WorkflowError: one of `columns` is a retired version.
    """
    for asked in columns:
        name, _, pin = asked.replace("__v", "@").partition("@")
        gone = retired(config, owner, name)
        if asked in relation.names or not gone or (pin and pin not in map(str, gone)):
            continue
        if f"{name}__v{pin}" in relation.names:
            continue
        fix = f"write {name}" if name in relation.names else "read something else"
        raise WorkflowError(f"{name}@{pin or max(gone)} of '{owner}' is retired\n  fix: {fix}")
