"""Versions of a registered model: new ones, or the one that an alias has moved to."""

from collections.abc import Iterator

from modelqa.errors import SubjectError
from modelqa.models import registry
from modelqa.models.mlflow import PATIENCE
from modelqa.watch.arrivals import Arrival, Known, State


class Versions:
    """Each version of the suite's model is judged once, on the suite's own batch.

    A model that is named with an alias arrives when that has moved; any other when it has a new version.
    What was there before the first look does not arrive, but for the newest.
    """

    def __init__(self, uri: str, tracking_uri: str | None) -> None:
        if not uri.startswith("models:/"):
            raise SubjectError(f"{uri}: its versions cannot be watched; expected models:/name@alias")
        self.told = self.key = uri
        self._tracking_uri = tracking_uri

    def look(self, state: State) -> Iterator[Arrival]:
        """The versions that are not known."""
        name, found = registry.versions(self.told, self._tracking_uri, PATIENCE)
        alias = "@" in self.told
        if not alias:
            found = [each for each in found if int(each) > int(state.mark or 0)]
        for version in found if state.mark else found[-1:]:
            arrival = _arrival(name, version)
            if arrival.name not in state.known:
                yield arrival

    def again(self, known: Known) -> Arrival | None:
        """The same version, for labels that came later."""
        name, _, version = known.name.rpartition(" version ")
        return _arrival(name, version, lacked=known.lacks)

    def done_with(self, known: Known) -> bool:  # noqa: ARG002 (whichever it is)
        """None: an alias may come back to any version."""
        return False

    def mark(self, arrival: Arrival) -> str:
        """A version does not change."""
        return arrival.mark


def _arrival(name: str, version: str, *, lacked: int = 0) -> Arrival:
    changes = {"model": f"models:/{name}/{version}"}
    return Arrival(f"{name} version {version}", changes=changes, mark=version, lacked=lacked)
