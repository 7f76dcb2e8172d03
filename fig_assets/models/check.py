"""What a configuration asks of its models -> problems, before anything is trained."""

from collections.abc import Iterator, Mapping

from fig_assets.config.load import Config, Definition
from fig_assets.config.schema import Model
from fig_assets.container.layout import OWN_PREFIXES, as_texts
from fig_assets.errors import ModelError, Problem
from fig_assets.graph.mends import nearest
from fig_assets.models.hyperparameters import resolve
from fig_assets.models.metrics import METRICS, WATCHED

ALGORITHM = "lightgbm"
MOST_HYPERPARAMETERS, LONGEST_NAME, LONGEST_VALUE = 90, 256, 2_500
"""Of own code; SageMaker's own limits, less the names that the program adds."""


def model_problems(config: Config) -> tuple[Problem, ...]:
    """Return what is wrong with the settings of the models, and what they ask for in vain."""
    return tuple(problem for model in config.models for problem in _of(model))


def _of(model: Definition[Model]) -> Iterator[Problem]:
    spec = model.spec
    if spec.algorithm != ALGORITHM:
        where = model.where("algorithm")
        yield Problem(where, f"unknown algorithm '{spec.algorithm}'", f'write "{ALGORITHM}"')
    yield from _hyperparameters(model) if spec.location is None else _own_code(model)
    metric = spec.promotion.metric
    if metric not in METRICS:
        where = model.where("promotion", "metric")
        yield Problem(where, f"unknown metric '{metric}'", nearest(metric, METRICS))
    for name in spec.retrain.min_metric:
        if name not in WATCHED:
            where = model.where("retrain", "min_metric", name, key=True)
            yield Problem(where, f"unknown metric '{name}'", nearest(name, WATCHED, quote='"'))


def _own_code(model: Definition[Model]) -> Iterator[Problem]:
    """Refuse what SageMaker's contract has no place for, and what is for the built-in alone."""
    spec = model.spec
    if "algorithm" in spec.model_fields_set:
        message = '"algorithm" is for models without own code'
        yield Problem(model.where("algorithm", key=True), message, "leave it out")
    if len(spec.hyperparameters) > MOST_HYPERPARAMETERS:
        message = f"more than {MOST_HYPERPARAMETERS} hyperparameters"
        yield Problem(model.where("hyperparameters"), message, "put several into one object")
    for name, text in as_texts(spec.hyperparameters).items():
        where = model.where("hyperparameters", name)
        if name.startswith(OWN_PREFIXES):
            message = f"hyperparameters that begin with {OWN_PREFIXES[0]} are the program's own"
            if not name.startswith(OWN_PREFIXES[0]):
                message = f"hyperparameters that begin with {OWN_PREFIXES[1]} are SageMaker's own"
            fix = f'write "own_{name}"'
            yield Problem(model.where("hyperparameters", name, key=True), message, fix)
        if len(name) > LONGEST_NAME or len(text) > LONGEST_VALUE:
            message = (
                f"a name has at most {LONGEST_NAME}, a value at most {LONGEST_VALUE:,} characters"
            )
            yield Problem(where, message, "put it into a file of the package")


def _hyperparameters(model: Definition[Model]) -> Iterator[Problem]:
    """Refuse each setting where it stands, or all of them for what they are together."""
    written = model.spec.hyperparameters
    wrong = {name: refusal for name in written if (refusal := _refused({name: written[name]}))}
    if not wrong and (together := _refused(written)):
        yield Problem(model.where("hyperparameters"), together)
    for name, said in wrong.items():
        message, _, fix = said.splitlines()[-1].strip().partition("; fix: ")
        is_unknown = message.startswith("unknown")
        where = model.where("hyperparameters", name, key=is_unknown)
        message = f"unknown hyperparameter '{name}'" if is_unknown else message
        yield Problem(where, message, fix.replace("'", '"'))


def _refused(hyperparameters: Mapping[str, object]) -> str:
    try:
        resolve(hyperparameters)
    except ModelError as refusal:
        return str(refusal)
    return ""
