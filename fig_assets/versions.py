"""What a project says of its versions: who reads them, how they differ, what they decided."""

from abc import ABC, abstractmethod
from datetime import date
from typing import TYPE_CHECKING

from fig_assets.graph.usage import Used
from fig_assets.workflow.changing.usage import usage_of
from fig_assets.workflow.workspace import Workspace

if TYPE_CHECKING:
    from fig_assets.models.registry import Decision
    from fig_assets.workflow.changing.branch import BranchDiff
    from fig_assets.workflow.changing.diff import Diff
    from fig_assets.workflow.changing.drop import Leftovers
    from fig_assets.workflow.learning.drift_report import Drift
    from fig_assets.workflow.learning.explained import Explained
    from fig_assets.workflow.learning.model_report import Standing, Training


class Versions(ABC):
    """The part of `Project` that is about versions."""

    @property
    @abstractmethod
    def workspace(self) -> Workspace:
        """The opened engine, model store and folders."""

    def usage(self, name: str | None = None) -> tuple[Used, ...]:
        """Say who reads each attribute version: of the whole project, or of what is called `name`.

        A champion that was trained on a version which its model no longer names is a consumer too.

        Args:
            name: `asn`, `asn.failure_rate` or `asn.failure_rate@1`.

        Raises:
            WorkflowError: nothing is called so.
        """
        return usage_of(self.workspace, name)

    def diff(
        self,
        left: str,
        right: str,
        *,
        days: int = 14,
        end: date | None = None,
        period: str | None = None,
        threshold: float | None = None,
    ) -> "Diff":
        """Compare two versions of an attribute, and what models would score; see `diff_versions`.

        Raises:
            WorkflowError: there is no such attribute, they have nothing in common, or a day is
                missing.
        """
        from fig_assets.workflow.changing.diff import diff_versions

        return diff_versions(
            self.workspace,
            left,
            right,
            days=days,
            end=end,
            period=period,
            threshold=threshold,
        )

    def diff_branch(self, revision: str) -> "BranchDiff":
        """Say what the project changes against a revision of its git repository, and at what cost.

        Raises:
            WorkflowError: there is no repository, no such revision, or no valid project in it.
        """
        from fig_assets.workflow.changing.branch import diff_branch

        return diff_branch(self.workspace, revision)

    def drop(self, *, confirmed: bool = False) -> "tuple[Leftovers, int]":
        """List the stored columns of retired and removed versions; drop them where `confirmed`.

        Returns:
            What was found, and how many files were rewritten.
        """
        from fig_assets.workflow.changing.drop import drop, leftovers

        found = leftovers(self.workspace)
        return found, sum(1 for _ in drop(self.workspace, found.free)) if confirmed else 0

    def models(self, name: str | None = None) -> "tuple[Standing, ...]":
        """Say of each model version which champion is in force, since when, and why.

        Args:
            name: `scorer` or `scorer@2`; all models when left out.

        Raises:
            WorkflowError: there is no such model.
            ModelError: a recorded decision is damaged.
        """
        from fig_assets.workflow.learning.model_report import list_models

        return list_models(self.workspace, name)

    def report_models(self, name: str | None = None) -> "tuple[Training, ...]":
        """Say of each trained model how good it was, and whether and why it was promoted.

        Raises:
            WorkflowError: there is no such model.
            ModelError: a recorded decision is damaged.
        """
        from fig_assets.workflow.learning.model_report import report_models

        return report_models(self.workspace, name)

    def report_drift(
        self, name: str | None = None, first: date | None = None, last: date | None = None
    ) -> "tuple[Drift, ...]":
        """Say how far inputs and scores of each model version lay from its training, day by day.

        Args:
            name: `scorer` or `scorer@2`; all models when left out.
            first: First UTC day; 14 days when left out.
            last: Last UTC day, included; the last one with scores when left out.

        Raises:
            WorkflowError: there is no such model, or the days are in the wrong order.
        """
        from fig_assets.workflow.learning.drift_report import report_drift

        return report_drift(self.workspace, name, first, last)

    def promote(
        self, name: str, trained_for: date, *, reason: str, start: date | None = None
    ) -> "Decision":
        """Put the artifact of a training day into force by hand; see `by_hand.promote`.

        Raises:
            WorkflowError: there is no such model, or it cannot be in force from that day on.
            ModelError: there is no such artifact, or it is damaged or outdated.
        """
        from fig_assets.workflow.learning.by_hand import promote

        return promote(self.workspace, name, trained_for, start=start, reason=reason)

    def rollback(self, name: str, *, reason: str, start: date | None = None) -> "Decision":
        """Put the champion before the one in force into force again; see `by_hand.rollback`.

        Raises:
            WorkflowError: there is no such model, or it had no champion before.
            ModelError: the artifact is damaged or outdated.
        """
        from fig_assets.workflow.learning.by_hand import rollback

        return rollback(self.workspace, name, start=start, reason=reason)

    def explain(
        self, name: str, key: str, *, day: date | None = None, model: str | None = None
    ) -> "tuple[Explained, ...]":
        """Say why a row has its score: attributes, their windows, votes, and a replay.

        Args:
            name: A row family, each of whose models is asked, or a model: `scorer` or `scorer@2`.
            key: The row's granularity value, as text.
            day: The row's day; the last one on which it was scored when left out.
            model: Of a family, the one model to ask.

        Raises:
            WorkflowError: there is no such model or family, or the row has no score.
            ModelError: the champion that scored it is damaged or gone.
        """
        from fig_assets.workflow.learning.explain import explain_row

        return explain_row(self.workspace, name, key, day=day, model=model)
